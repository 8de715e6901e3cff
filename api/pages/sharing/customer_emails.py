"""The page of e-mails to customers: writing one, looking at it first, and what became of each."""

import re

from fastapi import Response

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.public.shown import passage
from api.shapes.base import PathId
from api.shapes.sharing.emails import CustomerEmailNew
from application.sharing import customer_emails, publications
from application.sharing.customer_emails import Preview
from domain import access
from domain.access import Verb
from domain.errors import DomainError
from domain.postmortems.lifecycle import Status
from domain.sharing.mailing import RECIPIENTS_LIMIT
from domain.sharing.publications import publishing_obstacles
from domain.sharing.summary import split_title
from models.base import new_id
from models.queries.pagination import Ask
from models.queries.people.people import people_by_id
from models.queries.postmortems.postmortems import get_visible

routes = router()

EMAILS = Ask(50)


@routes.get("/postmortems/{postmortem_id}/customer-emails")
async def list_emails(visit: Visiting, postmortem_id: PathId) -> Response:
    return await _shown(visit, postmortem_id)


async def _shown(
    visit: Visit, postmortem_id: str, refusal: DomainError | None = None, preview: Preview | None = None
) -> Response:
    context = visit.context
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    found = await customer_emails.list_emails(context.session, context.viewer, postmortem_id, EMAILS)
    facts = await publications.read_sharing_facts(context.session, seen)
    title, below = split_title(preview.text) if preview else ("", "")
    return await show(
        visit,
        "sharing/customer_emails.html",
        refusal,
        texts_to_format={"shown": {"summary": passage(below, context.parts.settings)}},
        postmortem=seen.postmortem,
        emails=found.items,
        people=await people_by_id(context.session, [one.row.created_by_id for one in found.items]),
        obstacles=list(publishing_obstacles(facts, carries_summary=True)),
        may_send=visit.request.state.frame["may_write"]
        and access.may(Verb.MAIL_CUSTOMERS, Status(seen.postmortem.status), seen.relations),
        preview=preview,
        title=title,
        limit=RECIPIENTS_LIMIT,
    )


@routes.post("/postmortems/{postmortem_id}/customer-emails")
async def send_email(visit: Visiting, postmortem_id: PathId) -> Response:
    """Shows it first, unless the button says that it was looked at."""
    context, form = visit.context, visit.form
    previews: list[Preview] = []

    async def work() -> None:
        addresses = [one for one in re.split(r"[\s,;]+", form.get("recipients", "")) if one]
        given = read_form(CustomerEmailNew, {"subject": form.get("subject", ""), "recipients": addresses})
        session, viewer, keyring = context.session, context.viewer, context.parts.keyring
        if form.get("do") != "send":
            previews.append(
                await customer_emails.preview_email(session, viewer, keyring, postmortem_id, given.recipients)
            )
            return
        await customer_emails.request_email(
            session,
            viewer,
            keyring,
            postmortem_id,
            new_id("mail"),
            subject=given.subject,
            addresses=given.recipients,
            now=context.now,
        )

    refusal = await attempted(visit, work())
    if refusal is not None or previews:
        return await _shown(visit, postmortem_id, refusal, previews[0] if previews else None)
    return to(f"/postmortems/{postmortem_id}/customer-emails")


@routes.get("/postmortems/{postmortem_id}/customer-emails/{email_id}")
async def show_email(visit: Visiting, postmortem_id: PathId, email_id: PathId) -> Response:
    context = visit.context
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    found = await customer_emails.get_email(
        context.session, context.viewer, context.parts.keyring, postmortem_id, email_id
    )
    title, below = split_title(found.row.text)
    return await show(
        visit,
        "sharing/customer_email.html",
        texts_to_format={"shown": {"summary": passage(below, context.parts.settings)}},
        postmortem=seen.postmortem,
        email=found.row,
        counts=found.counts,
        recipients=found.recipients,
        title=title,
    )

"""E-mails that carry the approved public summary to customers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.request_context import Context
from api.shapes.base import Listing, PathId, ask
from api.shapes.sharing.emails import CustomerEmailNew, CustomerEmailOut, EmailPreviewOut, email_out
from api.v1.routing import router
from application.sharing import customer_emails
from models.base import derived_id, new_id
from models.queries.pagination import Ask

routes: APIRouter = router("sharing", prefix="/postmortems/{postmortem_id}/customer-emails")


@routes.get("")
async def list_customer_emails(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[CustomerEmailOut]:
    """Lists the e-mails, newest first, without their recipients."""
    found = await customer_emails.list_emails(context.session, context.viewer, postmortem_id, page)
    return Listing(items=[email_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=202, responses={200: {"model": EmailPreviewOut, "description": "The preview"}})
async def create_customer_email(
    context: Context, response: Response, postmortem_id: PathId, given: CustomerEmailNew
) -> CustomerEmailOut | EmailPreviewOut:
    """Sends the approved public summary to each recipient once, in the background. Recipients who unsubscribed are left
    out. ``preview`` true sends nothing and answers 200 with what would be sent.

    409 ``NotShareable`` unless the postmortem is published and its summary approved. While the approval is taken back,
    nothing more is sent; making the postmortem private stops it for good.
    """
    session, viewer, keyring = context.session, context.viewer, context.parts.keyring
    if given.preview:
        shown = await customer_emails.preview_email(session, viewer, keyring, postmortem_id, given.recipients)
        response.status_code = 200
        return EmailPreviewOut(
            subject=given.subject,
            text=shown.text,
            summary_version=shown.summary_version,
            recipients=shown.addresses,
            unsubscribed=shown.unsubscribed,
        )
    context.answer_is_secret = True
    made = await customer_emails.request_email(
        session,
        viewer,
        keyring,
        postmortem_id,
        derived_id("mail", viewer.person_id, context.key) if context.key else new_id("mail"),
        subject=given.subject,
        addresses=given.recipients,
        now=context.now,
    )
    return email_out(made)


@routes.get("/{email_id}")
async def get_customer_email(context: Context, postmortem_id: PathId, email_id: PathId) -> CustomerEmailOut:
    """Returns an e-mail with what became of each recipient. Addresses are removed after 90 days."""
    keyring = context.parts.keyring
    return email_out(await customer_emails.get_email(context.session, context.viewer, keyring, postmortem_id, email_id))

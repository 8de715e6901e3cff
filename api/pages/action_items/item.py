"""The page of one action item: each of its fields is changed where it is shown; its tickets, comments, and history."""

from collections.abc import Awaitable
from datetime import datetime, time, timedelta
from typing import Any

from fastapi import Response
from pydantic import Field

from api import commands
from api.pages.audit_entries import ORIGINS, Names, changes_of, person_ids, shortened
from api.pages.comments.threads import comment_passages, list_all, people_in, threads_of
from api.pages.routing import Visit, Visiting, local_path, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import zone_of
from api.shapes.action_items import ActionItemPatch, TicketIn
from api.shapes.base import Day, Given, PathId
from api.shapes.comments import CommentNew
from application.action_items.items import may_change
from application.comments import writing
from application.comments.writing import CommentChanges
from application.people.lookup import find_typed_person
from application.tickets.retries import retry_ticket
from application.tickets.troubleshooting import sync_checks
from domain.access import Verb
from domain.access import may as may_do
from domain.action_items.action_item import ActionItemStatus, ActionItemType, LinkState, Priority, is_overdue
from domain.action_items.commands import ActionItemAction
from domain.comments.formatting import Passage
from domain.errors import Malformed, reason
from domain.postmortems.lifecycle import Status
from integrations import registry
from models.queries import action_items, home
from models.queries.action_items import VisibleActionItem
from models.queries.audit.entries import list_entries_unscoped
from models.queries.comments import CommentFilters
from models.queries.connections import connections
from models.queries.people import people
from models.queries.postmortems import postmortems

routes = router()

HISTORY = 50
"""Entries of the audit log that the page shows."""
SNOOZES = {"1": "1 day", "3": "3 days", "7": "1 week", "30": "30 days"}


@routes.get("/action-items/{item_id}")
async def read(visit: Visiting, item_id: PathId) -> Response:
    return await _shown(visit, item_id)


async def _shown(visit: Visit, item_id: str, refusal: Any = None) -> Response:
    context = visit.context
    session, viewer = context.session, context.viewer
    seen = await action_items.get_visible_item(session, viewer, item_id)
    item = seen.item
    entries = await list_entries_unscoped(session, "action_item", item_id, HISTORY)
    titles = await home.titles_of(session, viewer, [item.postmortem_id])
    sees_postmortem = item.postmortem_id in titles  # its owner sees the item all the same
    about_it = CommentFilters(action_item_id=item.id)
    said = await list_all(visit, item.postmortem_id, about_it) if sees_postmortem else []
    ids = {one for entry in entries for one in person_ids([entry.actor_id, entry.before, entry.after])}
    named = await people.people_by_id(session, {item.owner_id, *ids, *people_in(said)})
    names = Names({one.id: one.name for one in named.values()}, {})
    checks = await sync_checks(session, viewer, item.tickets)
    trackers = await connections.list_by_kind(session, registry.tracker_kinds())
    taken = {one.integration_id for one in item.tickets if one.link_state != LinkState.DELETED}
    may_write = visit.request.state.frame["may_write"]
    return await show(
        visit,
        "action_items/action_item.html",
        refusal,
        texts_of=item.postmortem_id,
        opens=item.id,
        texts_to_format={
            "read_as": {"details": Passage(item.details)} if item.details else {},
            "said_as": comment_passages(said, named),
        },
        item=item,
        postmortem=seen.postmortem,
        people=named,
        threads=threads_of(said, {}, {}).get(None, []),
        may_comment=may_write and sees_postmortem,
        may_resolve=may_do(Verb.RESOLVE, Status(seen.postmortem.status), seen.relations),
        titles=titles,
        may_change=may_write and may_change(seen),
        may_delete=may_write and _may_delete(seen),
        statuses=[one.value for one in ActionItemStatus],
        types=[one.value for one in ActionItemType],
        priorities=[one.value for one in Priority],
        snoozes=SNOOZES,
        overdue=is_overdue(ActionItemStatus(item.status), item.due_on, context.now),
        is_settled=ActionItemStatus(item.status).is_settled,
        checks=checks,
        trackers=[(one.id, one.name) for one in trackers if one.id not in taken],
        entries=[(one, list(changes_of(one, names))) for one in entries],
        origins=ORIGINS,
        short=shortened,
    )


def _may_delete(seen: VisibleActionItem) -> bool:
    return may_do(Verb.DELETE_ITEM, Status(seen.postmortem.status), seen.relations)


async def _answered(visit: Visit, item_id: str, work: Awaitable[Any]) -> Response:
    """Back to where the form was: a list that it names, or the item's page, which shows a refusal beside the form."""
    back = visit.form.get("back")
    if back:
        await work
        return to(local_path(back))
    if refusal := await attempted(visit, work):
        return await _shown(visit, item_id, refusal)
    return to(f"/action-items/{item_id}")


@routes.post("/action-items/{item_id}")
async def change(visit: Visiting, item_id: PathId) -> Response:
    """What differs from the row, as the API's PATCH would take it."""
    item = (await action_items.get_visible_item(visit.context.session, visit.context.viewer, item_id)).item
    was = {
        "status": item.status,
        "dueDate": item.due_on.isoformat() if item.due_on else "",
        "priority": item.priority,
        "type": item.type or "",
        "description": item.description,
        "details": item.details or "",
    }
    owner_id = item.owner_id
    given: dict[str, Any] = {
        name: visit.form[name] or None
        for name, value in was.items()
        if name in visit.form and visit.form[name] != value
    }
    given |= {name: visit.form[name] for name in ("justification", "reason") if visit.form.get(name)}

    async def work() -> None:
        if "owner" in visit.form:
            typed = visit.form["owner"].strip()
            found = (await find_typed_person(visit.context.session, "owner", typed)).id if typed else None
            given.update({"ownerId": found} if found != owner_id else {})
        patch = read_form(ActionItemPatch, given)
        await commands.change_action_item(visit.context, item_id, patch.columns(), patch.reason, None)

    return await _answered(visit, item_id, work())


@routes.post("/action-items/{item_id}/comments")
async def add_comment(visit: Visiting, item_id: PathId) -> Response:
    """A thread about the item, or a reply in one."""
    context, form = visit.context, visit.form
    item = (await action_items.get_visible_item(context.session, context.viewer, item_id)).item

    async def work() -> None:
        about = {"parent_id": form["parent"]} if form.get("parent") else {"action_item_id": item.id}
        given = read_form(CommentNew, {"body": form.get("body", ""), **about})
        visible = await postmortems.get_visible(context.session, context.viewer, item.postmortem_id)
        await writing.add_comment(context.session, context.viewer, visible, given.new(), context.now)

    return await _answered(visit, item_id, work())


@routes.post("/action-items/{item_id}/comments/{comment_id}/resolve")
async def resolve_thread(visit: Visiting, item_id: PathId, comment_id: PathId) -> Response:
    """Resolves it, or opens it again."""
    context = visit.context
    item = (await action_items.get_visible_item(context.session, context.viewer, item_id)).item
    changes = CommentChanges(resolved=visit.form.get("resolved") != "no")

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, item.postmortem_id, lock=True)
        await writing.change_comment(context.session, context.viewer, visible, comment_id, changes, None, context.now)

    return await _answered(visit, item_id, work())


class _SnoozeUntil(Given):
    until: Day | None = None
    days: int | None = Field(default=None, ge=1, le=366)


@routes.post("/action-items/{item_id}/snooze")
async def snooze(visit: Visiting, item_id: PathId) -> Response:
    """For some days, until a day begins where the reader is, or no longer."""
    context, form = visit.context, visit.form

    async def work() -> None:
        given = read_form(_SnoozeUntil, {name: form[name] for name in ("until", "days") if form.get(name)})
        until: datetime | None = None
        if given.until:
            until = datetime.combine(given.until, time(), zone_of(context.person.time_zone))
        elif given.days:
            until = context.now + timedelta(days=given.days)
        elif form.get("end") != "yes":
            raise Malformed(reasons=[reason("missing", "Choose until when.", where="until")])
        if until is not None and until <= context.now:
            raise Malformed(reasons=[reason("past", "Choose a day in the future.", where="until")])
        await commands.run_action_item_command(context, item_id, ActionItemAction.SNOOZE, until=until)

    return await _answered(visit, item_id, work())


@routes.post("/action-items/{item_id}/tickets")
async def open_ticket(visit: Visiting, item_id: PathId) -> Response:
    """Creates a ticket or, with an address or a key, links one that exists."""
    context, form = visit.context, visit.form

    async def work() -> None:
        pointer = form.get("pointer", "").strip()
        named = {"url" if "://" in pointer else "key": pointer} if pointer else {}
        given = read_form(TicketIn, {"integrationId": form.get("integration") or None, **named})
        await action_items.get_visible_item(context.session, context.viewer, item_id)
        kinds = registry.tracker_kinds()
        integration = await connections.get_only_tracker(context.session, kinds, given.integration_id)
        words = {"pointer": given.url or given.key} if pointer else {}
        await commands.run_action_item_command(
            context, item_id, ActionItemAction.OPEN_TICKET, words, integration_id=integration.id
        )

    return await _answered(visit, item_id, work())


@routes.post("/action-items/{item_id}/tickets/{ticket_id}/unlink")
async def drop_ticket(visit: Visiting, item_id: PathId, ticket_id: PathId) -> Response:
    work = commands.run_action_item_command(visit.context, item_id, ActionItemAction.DROP_TICKET, ticket_id=ticket_id)
    return await _answered(visit, item_id, work)


@routes.post("/action-items/{item_id}/tickets/{ticket_id}/retry")
async def retry(visit: Visiting, item_id: PathId, ticket_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        await retry_ticket(context.session, context.viewer, item_id, ticket_id)
        context.after_commit.append(lambda: context.parts.dispatch.start_action_item(item_id))

    return await _answered(visit, item_id, work())


@routes.post("/action-items/{item_id}/delete")
async def delete(visit: Visiting, item_id: PathId) -> Response:
    seen = await action_items.get_visible_item(visit.context.session, visit.context.viewer, item_id)
    postmortem_id = seen.item.postmortem_id
    titles = await home.titles_of(visit.context.session, visit.context.viewer, [postmortem_id])
    work = commands.run_action_item_command(visit.context, item_id, ActionItemAction.DELETE)
    if refusal := await attempted(visit, work):
        return await _shown(visit, item_id, refusal)
    return to(f"/postmortems/{postmortem_id}#actionItems" if titles else "/action-items")

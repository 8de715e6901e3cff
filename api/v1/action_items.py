"""Action items: the list across postmortems, one item, and its tickets."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from orjson import Fragment

from api import bulk, commands
from api.answers import NOT_MODIFIED, json_answer, matches, not_modified, state_tag
from api.files.csv_export import csv_answer
from api.request_context import Context, RequestContext
from api.shapes.action_items import (
    CSV_COLUMNS,
    ActionItemNew,
    ActionItemOut,
    ActionItemPatch,
    BulkIn,
    BulkOut,
    BulkProblem,
    BulkResult,
    SnoozeIn,
    TicketIn,
    csv_row,
)
from api.shapes.base import (
    IfMatch,
    IfNoneMatch,
    Listing,
    PathId,
    RefQuery,
    ask,
    expected_version,
)
from api.shapes.filters.action_items import item_filters
from api.v1.routing import router
from application.action_items.exports import export_action_items
from domain.action_items.commands import ActionItemAction
from integrations import registry
from models.queries import action_items, action_items_shown
from models.queries.action_items_filtered import ItemFilters
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.postmortems import postmortems

routes: APIRouter = router("action items", prefix="")


@routes.get(
    "/action-items",
    response_model=Listing[ActionItemOut],
    responses={
        200: {"content": {"text/csv": {}}, "description": "A page of action items, or all of them as CSV"},
        **NOT_MODIFIED,
    },
)
async def list_action_items(
    context: Context,
    wanted: Annotated[ItemFilters, Depends(item_filters)],
    page: Annotated[Ask, Depends(ask)],
    format: Literal["json", "csv"] = "json",  # noqa: A002 - the contract's name
    if_none_match: IfNoneMatch = None,
) -> Any:
    """Lists action items of all postmortems that you can see, newest first.

    ``format=csv`` exports everything that the filters match.
    """
    if format == "csv":
        exported = export_action_items(context.parts.sessions, context.viewer, wanted, context.now)
        return csv_answer("action-items", CSV_COLUMNS, (csv_row(one, context.now) async for one in exported))
    return await _list(context, wanted, page, if_none_match)


@routes.patch("/action-items")
async def update_action_items(context: Context, given: BulkIn) -> BulkOut:
    """Changes up to 200 action items in the same way. Each is changed or refused on its own: see its result.

    If the answer is 503 or 504, or doesn't arrive, send the request again with the same `Idempotency-Key`: it goes on
    where it ended.
    """
    results = await bulk.change_action_items(context, given.ids, given.changes.columns(), given.changes.reason)
    return BulkOut(results=[_result_out(one) for one in results])


def _result_out(result: bulk.Result) -> BulkResult:
    refusal = result.refusal
    problem = BulkProblem(code=refusal.code, title=refusal.title, detail=str(refusal)) if refusal else None
    return BulkResult(id=result.id, status=result.status, problem=problem)


@routes.get("/postmortems/{postmortem_id}/action-items", response_model=Listing[ActionItemOut], responses=NOT_MODIFIED)
async def list_postmortem_action_items(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)], if_none_match: IfNoneMatch = None
) -> Response:
    """Lists the postmortem's action items, oldest first."""
    return await _list(context, ItemFilters(postmortem_id=postmortem_id), page, if_none_match)


@routes.post("/postmortems/{postmortem_id}/action-items", status_code=201, response_model=ActionItemOut)
async def add_action_item(context: Context, postmortem_id: PathId, given: ActionItemNew) -> Response:
    """Adds an action item. It needs an owner and a due date before the postmortem can be published."""
    item_id = await commands.add_action_item(context, postmortem_id, given.columns())
    return await _read(context, item_id, status=201, location=f"/api/action-items/{item_id}")


@routes.get("/action-items/{item_id}", response_model=ActionItemOut, responses=NOT_MODIFIED)
async def get_action_item(context: Context, item_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """Returns an action item, with its tickets."""
    return await _read(context, item_id, has=if_none_match)


@routes.patch("/action-items/{item_id}", response_model=ActionItemOut)
async def update_action_item(
    context: Context, item_id: PathId, given: ActionItemPatch, if_match: IfMatch = None
) -> Response:
    """Changes an action item. Changes of its text work even if Temporal can't be reached."""
    await given.check_unchanged(lambda: _read(context, item_id))
    changes = given.columns()
    await commands.change_action_item(context, item_id, changes, given.reason, expected_version(if_match))
    return await _read(context, item_id)


@routes.delete("/action-items/{item_id}", status_code=204)
async def delete_action_item(context: Context, item_id: PathId) -> None:
    """Deletes an action item. Its tickets stay in the tracker."""
    await commands.run_action_item_command(context, item_id, ActionItemAction.DELETE)


@routes.post("/action-items/{item_id}/snooze", response_model=ActionItemOut)
async def snooze_action_item(context: Context, item_id: PathId, given: SnoozeIn) -> Response:
    """Snoozes reminders for an action item until the given time."""
    await commands.run_action_item_command(context, item_id, ActionItemAction.SNOOZE, until=given.until)
    return await _read(context, item_id)


@routes.post("/action-items/{item_id}/tickets", status_code=201, response_model=ActionItemOut)
async def add_ticket(context: Context, item_id: PathId, given: TicketIn | None = None) -> Response:
    """Creates or links a ticket in the background. ``linkState`` shows the result."""
    given = given or TicketIn()
    await action_items.get_visible_item(context.session, context.viewer, item_id)
    integration = await connections.get_only_tracker(context.session, registry.tracker_kinds(), given.integration_id)
    pointer = given.url or given.key
    words = {"pointer": pointer} if pointer else {}
    await commands.run_action_item_command(
        context, item_id, ActionItemAction.OPEN_TICKET, words, integration_id=integration.id
    )
    return await _read(context, item_id, status=201)


@routes.delete("/action-items/{item_id}/tickets", status_code=204)
async def unlink_only_ticket(
    context: Context, item_id: PathId, ticket_id: Annotated[RefQuery, Query(alias="ticketId")] = None
) -> None:
    """Unlinks a ticket, which stays in the tracker. You can leave out ``ticketId`` if there is only one."""
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    wanted = ticket_id or (seen.item.tickets[0].id if len(seen.item.tickets) == 1 else "")
    await commands.run_action_item_command(context, item_id, ActionItemAction.DROP_TICKET, ticket_id=wanted)


@routes.delete("/action-items/{item_id}/tickets/{ticket_id}", status_code=204)
async def unlink_ticket(context: Context, item_id: PathId, ticket_id: PathId) -> None:
    """Unlinks a ticket, which stays in the tracker."""
    await commands.run_action_item_command(context, item_id, ActionItemAction.DROP_TICKET, ticket_id=ticket_id)


async def _read(
    context: RequestContext, item_id: str, *, status: int = 200, location: str | None = None, has: str | None = None
) -> Response:
    if (minimal := context.without_answer(f"/api/action-items/{item_id}")) is not None:
        return minimal
    item = await action_items_shown.get_shown_item(context.session, context.viewer, item_id, context.now)
    tag = state_tag(item.version, item.state)
    if has is not None and matches(has, tag):
        return not_modified(tag)
    return json_answer(Fragment(item.json), tag, status=status, location=location)


async def _list(context: RequestContext, wanted: ItemFilters, page: Ask, has: str | None) -> Response:
    found = await action_items_shown.list_shown_items(context.session, context.viewer, wanted, page, context.now)
    if wanted.postmortem_id and not found.items:
        await postmortems.get_visible(context.session, context.viewer, wanted.postmortem_id)
    tag = state_tag(None, found.next_cursor, [(one.id, one.state) for one in found.items])
    if has is not None and matches(has, tag):
        return not_modified(tag)
    items = [Fragment(one.json) for one in found.items]
    return json_answer({"items": items, "nextCursor": found.next_cursor}, tag)

"""Action items: the list across postmortems, one item, and its tickets."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from api import commands
from api.csv_export import csv_answer
from api.request_context import Context, RequestContext
from api.shapes.action_items import (
    CSV_COLUMNS,
    ActionItemNew,
    ActionItemOut,
    ActionItemPatch,
    SnoozeIn,
    TicketIn,
    csv_row,
    item_out,
)
from api.shapes.base import (
    Day,
    IfMatch,
    Listing,
    PathId,
    RefQuery,
    SearchQuery,
    ask,
    expected_version,
    tag,
)
from api.v1.routing import router
from application.action_items.exports import export_action_items
from domain.action_items.action_item import ActionItemStatus, Priority
from domain.action_items.commands import ActionItemAction
from integrations import registry
from models.queries import action_items
from models.queries.action_items import ItemFilters
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.postmortems import postmortems

routes: APIRouter = router("action items", prefix="")


def filters(
    status: Annotated[list[ActionItemStatus | Literal["open", "overdue", "completed"]], Query()] = [],  # noqa: B006
    overdue: bool | None = None,
    owner_id: Annotated[RefQuery, Query(alias="ownerId")] = None,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    priority: Priority | None = None,
    due_from: Annotated[Day | None, Query(alias="dueFrom")] = None,
    due_to: Annotated[Day | None, Query(alias="dueTo")] = None,
    q: SearchQuery = None,
) -> ItemFilters:
    statuses = {"open": ("OPEN", "IN_PROGRESS"), "overdue": ("OPEN", "IN_PROGRESS"), "completed": ("COMPLETED",)}
    return ItemFilters(
        status=[one for given in status for one in statuses.get(str(given), (str(given),))],
        overdue=True if "overdue" in status else overdue,
        owner_id=owner_id,
        team_id=team_id,
        priority=priority,
        due_from=due_from,
        due_to=due_to,
        q=q,
    )


@routes.get(
    "/action-items",
    response_model=Listing[ActionItemOut],
    responses={200: {"content": {"text/csv": {}}, "description": "A page of action items, or all of them as CSV"}},
)
async def list_action_items(
    context: Context,
    wanted: Annotated[ItemFilters, Depends(filters)],
    page: Annotated[Ask, Depends(ask)],
    format: Literal["json", "csv"] = "json",  # noqa: A002 - the contract's name
) -> Any:
    """Lists action items of all postmortems that you can see, newest first.

    ``format=csv`` exports everything that the filters match.
    """
    if format == "csv":
        exported = export_action_items(context.parts.sessions, context.viewer, wanted, context.now)
        return csv_answer("action-items", CSV_COLUMNS, (csv_row(one, context.now) async for one in exported))
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    return Listing(items=[item_out(one, context.now) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/postmortems/{postmortem_id}/action-items")
async def list_of_postmortem(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[ActionItemOut]:
    """Lists the postmortem's action items, oldest first."""
    await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    wanted = ItemFilters(postmortem_id=postmortem_id)
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    return Listing(items=[item_out(one, context.now) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/postmortems/{postmortem_id}/action-items", status_code=201)
async def add_action_item(
    context: Context, postmortem_id: PathId, given: ActionItemNew, response: Response
) -> ActionItemOut:
    """Adds an action item. It needs an owner and a due date before the postmortem can be published."""
    item_id = await commands.add_action_item(context, postmortem_id, given.columns())
    response.headers["Location"] = f"/api/action-items/{item_id}"
    return await _read(context, item_id, response)


@routes.get("/action-items/{item_id}")
async def get_action_item(context: Context, item_id: PathId, response: Response) -> ActionItemOut:
    return await _read(context, item_id, response)


@routes.patch("/action-items/{item_id}")
async def change_action_item(
    context: Context, item_id: PathId, given: ActionItemPatch, response: Response, if_match: IfMatch = None
) -> ActionItemOut:
    """Changes an action item. Changes of its text work even if Temporal can't be reached."""
    await given.check_unchanged(lambda: _read(context, item_id, response))
    changes = given.columns()
    await commands.change_action_item(context, item_id, changes, given.reason, expected_version(if_match))
    return await _read(context, item_id, response)


@routes.delete("/action-items/{item_id}", status_code=204)
async def delete_action_item(context: Context, item_id: PathId) -> None:
    """Deletes an action item. Its tickets stay in the tracker."""
    await commands.run_action_item_command(context, item_id, ActionItemAction.DELETE)


@routes.post("/action-items/{item_id}/snooze")
async def snooze(context: Context, item_id: PathId, given: SnoozeIn, response: Response) -> ActionItemOut:
    """Snoozes reminders for an action item until the given time."""
    await commands.run_action_item_command(context, item_id, ActionItemAction.SNOOZE, until=given.until)
    return await _read(context, item_id, response)


@routes.post("/action-items/{item_id}/tickets", status_code=201)
async def open_ticket(
    context: Context, item_id: PathId, response: Response, given: TicketIn | None = None
) -> ActionItemOut:
    """Creates or links a ticket in the background. ``linkState`` shows the result."""
    given = given or TicketIn()
    await action_items.get_visible_item(context.session, context.viewer, item_id)
    integration = await connections.get_only_tracker(context.session, registry.tracker_kinds(), given.integration_id)
    pointer = given.url or given.key
    words = {"pointer": pointer} if pointer else {}
    await commands.run_action_item_command(
        context, item_id, ActionItemAction.OPEN_TICKET, words, integration_id=integration.id
    )
    return await _read(context, item_id, response)


@routes.delete("/action-items/{item_id}/tickets", status_code=204)
async def drop_ticket(
    context: Context, item_id: PathId, ticket_id: Annotated[RefQuery, Query(alias="ticketId")] = None
) -> None:
    """Unlinks a ticket, which stays in the tracker. You can leave out ``ticketId`` if there is only one."""
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    wanted = ticket_id or (seen.item.tickets[0].id if len(seen.item.tickets) == 1 else "")
    await commands.run_action_item_command(context, item_id, ActionItemAction.DROP_TICKET, ticket_id=wanted)


@routes.delete("/action-items/{item_id}/tickets/{ticket_id}", status_code=204)
async def drop_named_ticket(context: Context, item_id: PathId, ticket_id: PathId) -> None:
    """Unlinks a ticket, which stays in the tracker."""
    await commands.run_action_item_command(context, item_id, ActionItemAction.DROP_TICKET, ticket_id=ticket_id)


async def _read(context: RequestContext, item_id: str, response: Response) -> ActionItemOut:
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    tag(response, seen.item.version)
    return item_out(seen.item, context.now)

"""Action items: the list across postmortems, one item, and its tickets."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.request_context import Context, RequestContext
from api.shapes.base import (
    Day,
    Given,
    IfMatch,
    Listing,
    PathId,
    Ref,
    Shape,
    Short,
    StrictlyGiven,
    Text,
    ask,
    expected_version,
    tag,
)
from api.v1 import commands
from api.v1.postmortems.postmortems import RefQuery, Search
from api.v1.routing import router
from domain.action_items.action_item import ActionItemStatus, LinkState, Priority, is_overdue
from domain.errors import StaleVersion
from domain.postmortems.commands import ActionItemAction
from integrations import registry
from integrations.fields import Instant, Words
from models.action_item import ActionItem, Ticket
from models.base import new_id
from models.queries import action_items
from models.queries.action_items import ItemFilters
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.postmortems import postmortems

routes: APIRouter = router("action items", prefix="")


class PullRequestOut(Shape):
    """``state`` is open, merged or closed."""

    url: str
    title: str
    state: str


class TicketOut(Shape):
    id: str
    integration_id: str
    tracker: str
    key: str | None
    url: str | None
    status: str | None
    assignee: str | None
    link_state: LinkState
    detail: str | None
    last_synced_at: datetime | None
    pull_requests: list[PullRequestOut]


class ActionItemOut(Shape):
    id: str
    version: int
    postmortem_id: str
    description: str
    details: str | None
    owner_id: str | None
    due_date: date | None
    priority: Priority
    status: ActionItemStatus
    overdue: bool
    justification: str | None
    due_date_moves: int
    snoozed_until: datetime | None
    completed_at: datetime | None
    tickets: list[TicketOut]
    created_at: datetime
    updated_at: datetime


def item_out(item: ActionItem, now: datetime) -> ActionItemOut:
    status = ActionItemStatus(item.status)
    return ActionItemOut(
        id=item.id,
        version=item.version,
        postmortem_id=item.postmortem_id,
        description=item.description,
        details=item.details,
        owner_id=item.owner_id,
        due_date=item.due_on,
        priority=Priority(item.priority),
        status=status,
        overdue=is_overdue(status, item.due_on, now),
        justification=item.justification,
        due_date_moves=item.due_on_moves,
        snoozed_until=item.snoozed_until,
        completed_at=item.completed_at,
        tickets=[ticket_out(one) for one in item.tickets],
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def ticket_out(ticket: Ticket) -> TicketOut:
    return TicketOut(
        id=ticket.id,
        integration_id=ticket.integration_id,
        tracker=ticket.tracker,
        key=ticket.key,
        url=ticket.url,
        status=ticket.status,
        assignee=ticket.assignee,
        link_state=LinkState(ticket.link_state),
        detail=ticket.detail or ticket.conflict,
        last_synced_at=ticket.last_synced_at,
        pull_requests=[PullRequestOut(url=one.url, title=one.title, state=one.state) for one in ticket.pull_requests],
    )


OURS = frozenset(
    {
        "id",
        "version",
        "postmortemId",
        "overdue",
        "dueDateMoves",
        "snoozedUntil",
        "completedAt",
        "tickets",
        "createdAt",
        "updatedAt",
    }
)


class ActionItemNew(StrictlyGiven):
    read_only = OURS

    description: Annotated[str, Words(2000)]
    details: Text = None
    owner_id: Ref | None = None
    due_date: Day | None = None
    priority: Priority = Priority.MEDIUM
    status: ActionItemStatus = ActionItemStatus.OPEN
    justification: Short = None

    def columns(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "details": self.details,
            "owner_id": self.owner_id,
            "due_on": self.due_date,
            "priority": self.priority.value,
            "status": self.status.value,
            "justification": self.justification,
        }


class ActionItemPatch(StrictlyGiven):
    """``reason`` goes with a moved due date, ``justification`` with WONT_DO."""

    read_only = OURS

    description: Annotated[str, Words(2000)] = Field(default="")
    details: Text = None
    owner_id: Ref | None = None
    due_date: Day | None = None
    priority: Priority = Priority.MEDIUM
    status: ActionItemStatus = ActionItemStatus.OPEN
    justification: Short = None
    reason: Short = None

    def columns(self) -> dict[str, Any]:
        """Only what was sent."""
        sent = self.given()
        sent.pop("reason", None)
        if "due_date" in sent:
            sent["due_on"] = sent.pop("due_date")
        return {
            name: value.value if isinstance(value, Priority | ActionItemStatus) else value
            for name, value in sent.items()
        }


class SnoozeIn(Given):
    """``until`` null wakes it."""

    until: Instant | None


class TicketIn(Given):
    """Creates a ticket; with ``url`` or ``key`` it links an existing one. ``integrationId`` may be left out where there
    is only one tracker."""

    integration_id: Ref | None = None
    url: Annotated[str, Words(2000, one_line=True)] | None = None
    key: Annotated[str, Words(200, one_line=True)] | None = None


def filters(
    status: Annotated[list[ActionItemStatus | Literal["open", "overdue", "completed"]], Query()] = [],  # noqa: B006
    overdue: bool | None = None,
    owner_id: Annotated[RefQuery, Query(alias="ownerId")] = None,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    priority: Priority | None = None,
    due_from: Annotated[Day | None, Query(alias="dueFrom")] = None,
    due_to: Annotated[Day | None, Query(alias="dueTo")] = None,
    q: Search = None,
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
    responses={200: {"content": {"text/csv": {}}, "description": "A page of items, or of CSV"}},
)
async def list_action_items(
    context: Context,
    wanted: Annotated[ItemFilters, Depends(filters)],
    page: Annotated[Ask, Depends(ask)],
    format: Literal["json", "csv"] = "json",  # noqa: A002 - the contract's name
) -> Any:
    """Across all postmortems that you may see, newest first; ``format=csv`` for tracking meetings."""
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    if format == "csv":
        headers = {"Link": f'<?cursor={found.next_cursor}&format=csv>; rel="next"'} if found.next_cursor else {}
        return Response(as_csv(found.items, context.now), media_type="text/csv; charset=utf-8", headers=headers)
    return Listing(items=[item_out(one, context.now) for one in found.items], next_cursor=found.next_cursor)


CSV_COLUMNS = ("id", "postmortemId", "description", "ownerId", "dueDate", "priority", "status", "overdue", "tickets")


def as_csv(items: Sequence[ActionItem], now: datetime) -> str:
    """One line an item. A cell that a spreadsheet would run as a formula is quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for item in items:
        overdue = is_overdue(ActionItemStatus(item.status), item.due_on, now)
        keys = " ".join(one.url or one.key or one.link_state for one in item.tickets)
        row = [
            item.id,
            item.postmortem_id,
            item.description,
            item.owner_id or "",
            item.due_on.isoformat() if item.due_on else "",
            item.priority,
            item.status,
            "yes" if overdue else "no",
            keys,
        ]
        writer.writerow([f"'{one}" if one[:1] in "=+-@\t\r" and one else one for one in row])
    return out.getvalue()


@routes.get("/postmortems/{postmortem_id}/action-items")
async def list_of_postmortem(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[ActionItemOut]:
    """Oldest first."""
    await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    wanted = ItemFilters(postmortem_id=postmortem_id)
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    return Listing(items=[item_out(one, context.now) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/postmortems/{postmortem_id}/action-items", status_code=201)
async def add_action_item(
    context: Context, postmortem_id: PathId, given: ActionItemNew, response: Response
) -> ActionItemOut:
    """Adds an item. It needs one owner and a due date before the postmortem is published."""
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    item_id = new_id("ai")
    await action_items.add_item(context.session, context.viewer, seen, item_id, given.columns(), context.now)
    _start(context, item_id)
    response.headers["Location"] = f"/api/action-items/{item_id}"
    return await _read(context, item_id, response)


@routes.get("/action-items/{item_id}")
async def get_action_item(context: Context, item_id: PathId, response: Response) -> ActionItemOut:
    return await _read(context, item_id, response)


@routes.patch("/action-items/{item_id}")
async def change_action_item(
    context: Context, item_id: PathId, given: ActionItemPatch, response: Response, if_match: IfMatch = None
) -> ActionItemOut:
    """Changes an item. Text is saved also while Temporal is away; anything else is a command."""
    changes, expected = given.columns(), expected_version(if_match)
    if changes.keys() <= action_items.TEXT:
        await _write_text(context, item_id, changes, expected)
    else:
        await _check_version(context, item_id, expected)
        due_on = changes.get("due_on")
        staged = changes | ({"due_on": due_on.isoformat()} if due_on else {})
        words = {"changes": staged} | ({"reason": given.reason} if given.reason else {})
        await commands.change_item(context, item_id, ActionItemAction.CHANGE, words)
    return await _read(context, item_id, response)


async def _write_text(context: RequestContext, item_id: str, changes: dict[str, Any], expected: int | None) -> None:
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id, lock=True)
    action_items.check_may_change(seen)
    if expected is not None and expected != seen.item.version:
        raise StaleVersion(expected=str(expected), current=seen.item.version)
    if await action_items.apply_change(
        context.session, context.viewer, seen.item, changes, reason=None, now=context.now
    ):
        await context.session.flush()
        _start(context, item_id)


async def _check_version(context: RequestContext, item_id: str, expected: int | None) -> None:
    if expected is None:
        return
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    if expected != seen.item.version:
        raise StaleVersion(expected=str(expected), current=seen.item.version)


@routes.delete("/action-items/{item_id}", status_code=204)
async def delete_action_item(context: Context, item_id: PathId) -> None:
    """Its tickets stay where they are."""
    await commands.change_item(context, item_id, ActionItemAction.DELETE)


@routes.post("/action-items/{item_id}/snooze")
async def snooze(context: Context, item_id: PathId, given: SnoozeIn, response: Response) -> ActionItemOut:
    """No reminder before that instant."""
    await commands.change_item(context, item_id, ActionItemAction.SNOOZE, until=given.until)
    return await _read(context, item_id, response)


@routes.post("/action-items/{item_id}/tickets", status_code=201)
async def open_ticket(
    context: Context, item_id: PathId, response: Response, given: TicketIn | None = None
) -> ActionItemOut:
    """The ticket is made, or linked, in the background: its ``linkState`` tells how that went."""
    given = given or TicketIn()
    await action_items.get_visible_item(context.session, context.viewer, item_id)
    integration = await connections.get_one_of(context.session, registry.tracker_kinds(), given.integration_id)
    pointer = given.url or given.key
    words = {"pointer": pointer} if pointer else {}
    await commands.change_item(context, item_id, ActionItemAction.OPEN_TICKET, words, integration_id=integration.id)
    return await _read(context, item_id, response)


@routes.delete("/action-items/{item_id}/tickets", status_code=204)
async def drop_ticket(
    context: Context, item_id: PathId, ticket_id: Annotated[RefQuery, Query(alias="ticketId")] = None
) -> None:
    """Unlinks; the ticket itself stays. ``ticketId`` may be left out where there is only one."""
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    wanted = ticket_id or (seen.item.tickets[0].id if len(seen.item.tickets) == 1 else "")
    await commands.change_item(context, item_id, ActionItemAction.DROP_TICKET, ticket_id=wanted)


@routes.delete("/action-items/{item_id}/tickets/{ticket_id}", status_code=204)
async def drop_named_ticket(context: Context, item_id: PathId, ticket_id: PathId) -> None:
    """Unlinks; the ticket itself stays."""
    await commands.change_item(context, item_id, ActionItemAction.DROP_TICKET, ticket_id=ticket_id)


def _start(context: RequestContext, item_id: str) -> None:
    context.after_commit.append(lambda: context.parts.dispatch.start_action_item(item_id))


async def _read(context: RequestContext, item_id: str, response: Response) -> ActionItemOut:
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    tag(response, seen.item.version)
    return item_out(seen.item, context.now)

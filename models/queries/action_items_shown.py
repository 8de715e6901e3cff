"""Action items as the API shows them. Each combination of filters is built once, when it is first asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, Text, and_, case, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from models.action_item import ActionItem, PullRequest, Ticket
from models.postmortem import Postmortem
from models.queries.access.visibility import BoundViewer, viewer_values
from models.queries.action_items import visible_item
from models.queries.action_items_filtered import ItemFilters, of_shape
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.pagination import Ask, Order, Page, decode_cursor, encode_cursor
from models.queries.prebuilt import (
    Prebuilt,
    day_of,
    instant_json,
    json_list,
    json_object,
    number_of,
    row_mark,
    state_of,
    text_of,
)

ITEM_COLUMNS: list[Any] = [
    ActionItem.id,
    ActionItem.version,
    ActionItem.postmortem_id,
    ActionItem.description,
    ActionItem.details,
    ActionItem.owner_id,
    ActionItem.due_on,
    ActionItem.priority,
    ActionItem.status,
    ActionItem.type,
    ActionItem.justification,
    ActionItem.due_on_moves,
    ActionItem.snoozed_until,
    ActionItem.completed_at,
    ActionItem.created_at,
    ActionItem.updated_at,
]


@dataclass(frozen=True, slots=True)
class ShownItem:
    """``json`` is the item on the wire; ``state`` changes with anything in it. ``created_at`` is for cursors."""

    id: str
    version: int
    created_at: datetime
    state: int
    json: str


async def get_shown_item(session: AsyncSession, viewer: Viewer, item_id: str, now: datetime) -> ShownItem:
    """One statement. Raises NotFound."""
    rows = await _run(session, viewer, {"item_id": item_id}, True, now)
    if not rows:
        raise NotFound(kind="action item", id=item_id)
    return ShownItem(*rows[0])


async def list_shown_items(
    session: AsyncSession, viewer: Viewer, filters: ItemFilters, ask: Ask, now: datetime
) -> Page[ShownItem]:
    """As :func:`list_items`. Those of one postmortem are only shown to who may see it."""
    values: dict[str, Any] = {"limit": ask.limit + 1, "shown": ask.limit, **filters.values(now)}
    is_newest_first = filters.postmortem_id is None
    if ask.cursor:
        values["after"], values["after_tie"] = decode_cursor("items", ask.cursor, kind=datetime, tie_type=str)
    rows = [ShownItem(*row) for row in await _run(session, viewer, values, is_newest_first, now)]
    more, rows = len(rows) > ask.limit, rows[: ask.limit]
    return Page(rows, encode_cursor("items", rows[-1].created_at, rows[-1].id) if more else None)


async def _run(
    session: AsyncSession, viewer: Viewer, values: dict[str, Any], is_newest_first: bool, now: datetime
) -> list[Any]:
    shape = frozenset(values)
    plain = _built(shape, is_newest_first, is_admin=viewer.is_admin, is_audited=False)
    audited = _built(shape, is_newest_first, is_admin=True, is_audited=True) if viewer.is_admin else plain
    given = {"today": now.astimezone(UTC).date(), **viewer_values(viewer), **values}
    return await rows_with_audit(session, viewer, audited, plain, given)


@cache
def _built(shape: frozenset[str], is_newest_first: bool, *, is_admin: bool, is_audited: bool) -> Prebuilt:
    viewer, order = BoundViewer(is_admin), Order("items", ActionItem.created_at, ActionItem.id, is_newest_first)
    found: Select[Any] = select(*ITEM_COLUMNS, row_mark(ActionItem, ActionItem.id).label("mark"))
    found = found.join(Postmortem, Postmortem.id == ActionItem.postmortem_id).where(visible_item(viewer))
    found = found.where(*of_shape(viewer, shape))
    if "item_id" in shape:
        found = found.where(ActionItem.id == text_of("item_id"))
    if "after" in shape:
        found = found.where(order.after_parameters())
    if "limit" in shape:
        found = found.order_by(*order.clauses()).limit(number_of("limit"))
    seen = found.cte("seen")
    in_order = order.of(seen.c).clauses()
    statement: Select[Any] = select(
        seen.c.id, seen.c.version, seen.c.created_at, _item_state(seen), cast(item_json(seen), Text)
    ).order_by(*in_order)
    if is_audited and "limit" in shape:
        place = select(seen.c.postmortem_id, func.row_number().over(order_by=in_order).label("place")).subquery()
        shown = select(place.c.postmortem_id).where(place.c.place <= number_of("shown"))
        statement = with_audit_of(shown, statement, viewer)
    elif is_audited:
        others = select(seen.c.postmortem_id).where(seen.c.owner_id.is_distinct_from(viewer.person_id))
        statement = with_audit_of(others, statement, viewer)
    return Prebuilt(statement)


def _item_state(seen: CTE) -> ColumnElement[int]:
    ticket = select(func.sum(row_mark(Ticket, Ticket.id))).where(Ticket.action_item_id == seen.c.id)
    pulls = select(func.sum(row_mark(PullRequest, PullRequest.id))).join(Ticket, Ticket.id == PullRequest.ticket_id)
    lateness = case((_is_late(seen), 1), else_=0)
    return state_of(seen.c.mark, ticket, pulls.where(Ticket.action_item_id == seen.c.id), lateness)


def _is_late(seen: CTE) -> ColumnElement[bool]:
    late = and_(seen.c.due_on < day_of("today"), seen.c.status.in_(("OPEN", "IN_PROGRESS")))
    return func.coalesce(late, literal_column("false"))


def item_json(seen: CTE) -> ColumnElement[Any]:
    """An action item on the wire; ``seen`` has :data:`ITEM_COLUMNS`. Whether it is overdue needs the parameter
    ``today``."""
    pull = json_object(url=PullRequest.url, title=PullRequest.title, state=PullRequest.state)
    pulls = select(json_list(pull, PullRequest.created_at, PullRequest.url)).where(PullRequest.ticket_id == Ticket.id)
    ticket = json_object(
        id=Ticket.id,
        integrationId=Ticket.integration_id,
        tracker=Ticket.tracker,
        key=Ticket.key,
        url=Ticket.url,
        status=Ticket.status,
        assignee=Ticket.assignee,
        linkState=Ticket.link_state,
        detail=func.coalesce(func.nullif(Ticket.detail, ""), Ticket.conflict),
        lastSyncedAt=instant_json(Ticket.last_synced_at),
        pullRequests=pulls.scalar_subquery(),
    )
    tickets = select(json_list(ticket, Ticket.created_at, Ticket.id)).where(Ticket.action_item_id == seen.c.id)
    return json_object(
        id=seen.c.id,
        version=seen.c.version,
        postmortemId=seen.c.postmortem_id,
        description=seen.c.description,
        details=seen.c.details,
        ownerId=seen.c.owner_id,
        dueDate=seen.c.due_on,
        priority=seen.c.priority,
        status=seen.c.status,
        type=seen.c.type,
        overdue=_is_late(seen),
        justification=seen.c.justification,
        dueDateMoves=seen.c.due_on_moves,
        snoozedUntil=instant_json(seen.c.snoozed_until),
        completedAt=instant_json(seen.c.completed_at),
        tickets=tickets.scalar_subquery(),
        createdAt=instant_json(seen.c.created_at),
        updatedAt=instant_json(seen.c.updated_at),
    )

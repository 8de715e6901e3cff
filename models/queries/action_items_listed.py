"""Action items as the pages of their list and their board show them: one prebuilt statement for a page or a board."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, cast, func, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Relation, Viewer
from domain.action_items.action_item import ActionItemStatus, Priority, urgency
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem, PullRequest, Ticket
from models.person import Person
from models.postmortem import Postmortem
from models.queries.access.visibility import BoundViewer, relation_columns, relations_to, viewer_values, visible_to
from models.queries.action_items import visible_item
from models.queries.action_items_filtered import ItemFilters, of_shape
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.pagination import Ask, Page, both_ways, decode_cursor, encode_cursor, rank_of
from models.queries.prebuilt import Prebuilt, json_list, json_object


@dataclass(frozen=True, slots=True)
class ListedItem:
    """A line of a list. ``postmortem`` is its title, None where the viewer only sees the item, as its owner. ``held``
    is what the viewer is to its postmortem; ``tickets`` have their pull requests."""

    id: str
    version: int
    description: str
    owner_id: str | None
    owner: str | None
    is_owner_active: bool | None
    due_on: date | None
    priority: str
    status: str
    type: str | None
    due_on_moves: int
    snoozed_until: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    postmortem_id: str
    postmortem: str | None
    postmortem_status: Status
    tickets: list[dict[str, Any]]
    held: frozenset[Relation]

    def urgency(self, now: datetime) -> str:
        """``overdue``, ``soon``, or nothing."""
        return urgency(ActionItemStatus(self.status), self.due_on, now)


LATEST_DAY: ColumnElement[Any] = cast(literal_column("'9999-12-31'"), Date)


def _due(day: Any) -> Any:
    """What has no due date comes last."""
    return func.coalesce(day, LATEST_DAY)


_KEY = ActionItem.id
ORDERS = {
    **both_ways("createdAt", ActionItem.created_at, _KEY),
    **both_ways("dueDate", ActionItem.due_on, _KEY, kind=date, wrap=_due),
    **both_ways("priority", ActionItem.priority, _KEY, kind=str, wrap=rank_of(Priority)),
    **both_ways("status", ActionItem.status, _KEY, kind=str, wrap=rank_of(ActionItemStatus)),
    **both_ways("description", ActionItem.description, _KEY, kind=str, wrap=func.lower),
}

BOARD = {
    ActionItemStatus.OPEN: "dueDate",
    ActionItemStatus.IN_PROGRESS: "dueDate",
    ActionItemStatus.COMPLETED: "-createdAt",
    ActionItemStatus.WONT_DO: "-createdAt",
}
"""The columns of the board, and how each is sorted."""


async def list_items(
    session: AsyncSession, viewer: Viewer, filters: ItemFilters, sort: str, ask: Ask, now: datetime
) -> Page[ListedItem]:
    """One statement. Private postmortems that only the administrator role lets the viewer read are audited."""
    order, values = ORDERS[sort], filters.values(now)
    if ask.cursor:
        kind = order.value_kind
        values["after"], values["after_tie"] = decode_cursor(order.name, ask.cursor, kind=kind, tie_type=str)
    rows = await _run(session, viewer, (sort,), ask.limit, values, now)
    if len(rows) <= ask.limit:
        return Page([_read(viewer, row) for row in rows])
    last = rows[ask.limit - 1]
    cursor = encode_cursor(order.name, last[order.column.key], last["id"])
    return Page([_read(viewer, row) for row in rows[: ask.limit]], cursor)


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """``has_more``: there are further items of this status."""

    status: ActionItemStatus
    items: Sequence[ListedItem]
    has_more: bool


async def read_board(
    session: AsyncSession, viewer: Viewer, filters: ItemFilters, limit: int, now: datetime
) -> list[BoardColumn]:
    """One statement: of each status as many items as ``limit``, of those that the other filters match."""
    values = replace(filters, status=()).values(now)
    rows = await _run(session, viewer, tuple(BOARD.values()), limit, values, now)
    items = [_read(viewer, row) for row in rows]
    columns = []
    for status in BOARD:
        of_status = [one for one in items if one.status == status]
        columns.append(BoardColumn(status, of_status[:limit], len(of_status) > limit))
    return columns


def _read(viewer: Viewer, row: Any) -> ListedItem:
    fields = {name: row[name] for name in _NAMES}
    who = (row["editor_level"], row["is_reviewer"], row["is_participant"], row["is_in_team"])
    held = relations_to(viewer, row["author_id"], *who)
    if viewer.person_id == row["owner_id"]:
        held |= {Relation.OWNER}
    status = Status(row["postmortem_status"])
    return ListedItem(**fields, postmortem_status=status, held=held)


_NAMES = tuple(one for one in ListedItem.__dataclass_fields__ if one not in {"postmortem_status", "held"})


async def _run(
    session: AsyncSession, viewer: Viewer, sorts: tuple[str, ...], limit: int, values: dict[str, Any], now: datetime
) -> list[Any]:
    shape = frozenset(values)
    plain = _built(sorts, limit, shape, is_admin=viewer.is_admin, is_audited=False)
    audited = _built(sorts, limit, shape, is_admin=True, is_audited=True) if viewer.is_admin else plain
    given = {"today": now.astimezone(UTC).date(), **viewer_values(viewer), **values}
    return await rows_with_audit(session, viewer, audited, plain, given)


@cache
def _built(sorts: tuple[str, ...], limit: int, shape: frozenset[str], *, is_admin: bool, is_audited: bool) -> Prebuilt:
    """``limit`` is a constant of it, since its plan is kept: there are as many as pages have limits, which are few."""
    viewer = BoundViewer(is_admin)
    if len(sorts) == 1:
        seen = _chosen(viewer, sorts[0], limit, shape).cte("seen")
    else:
        parts = [
            _chosen(viewer, sort, limit, shape, ActionItem.status == status.value).subquery()
            for status, sort in zip(BOARD, sorts, strict=True)
        ]
        seen = union_all(*(select(one) for one in parts)).cte("seen")
    pull = json_object(url=PullRequest.url, title=PullRequest.title, state=PullRequest.state)
    pulls = select(json_list(pull, PullRequest.created_at, PullRequest.url)).where(PullRequest.ticket_id == Ticket.id)
    names = ("id", "integration_id", "external_id", "tracker", "key", "url", "status", "link_state", "detail")
    ticket = json_object(
        **{one: getattr(Ticket, one) for one in names}, pull_requests=pulls.correlate(Ticket).scalar_subquery()
    )
    tickets = select(json_list(ticket, Ticket.created_at, Ticket.id)).where(Ticket.action_item_id == seen.c.id)
    statement = select(
        seen,
        Person.name.label("owner"),
        Person.is_active.label("is_owner_active"),
        tickets.correlate(seen).scalar_subquery().label("tickets"),
    ).join(Person, Person.id == seen.c.owner_id, isouter=True)
    statement = statement.order_by(seen.c.place)
    if is_audited:
        others = and_(seen.c.place <= limit, seen.c.owner_id.is_distinct_from(viewer.person_id))
        statement = with_audit_of(select(seen.c.postmortem_id).where(others), statement, viewer)
    in_order = len(sorts) > 1 or _has_index(sorts[0], shape)
    return Prebuilt(statement, keeps_plan=is_admin or in_order, in_order=in_order)


def _has_index(sort: str, shape: frozenset[str]) -> bool:
    name = sort.removeprefix("-")
    return name in {"createdAt", "priority"} or (name == "dueDate" and not shape.isdisjoint({"is_open", "is_overdue"}))


_OWN: list[Any] = [
    ActionItem.id,
    ActionItem.version,
    ActionItem.description,
    ActionItem.owner_id,
    ActionItem.due_on,
    ActionItem.priority,
    ActionItem.status,
    ActionItem.type,
    ActionItem.due_on_moves,
    ActionItem.snoozed_until,
    ActionItem.completed_at,
    ActionItem.created_at,
    ActionItem.updated_at,
    ActionItem.postmortem_id,
]


def _chosen(
    viewer: BoundViewer, sort: str, limit: int, shape: frozenset[str], *more: ColumnElement[bool]
) -> Select[Any]:
    """In this order, with each one's ``place`` in it."""
    order, held = ORDERS[sort], relation_columns(viewer)
    found = (
        select(
            *_OWN,
            case((visible_to(viewer), Postmortem.title)).label("postmortem"),
            Postmortem.status.label("postmortem_status"),
            Postmortem.author_id,
            held.editor_level.label("editor_level"),
            held.reviewer.label("is_reviewer"),
            held.participant.label("is_participant"),
            held.team.label("is_in_team"),
        )
        .join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
        .where(visible_item(viewer), *of_shape(viewer, shape), *more)
    )
    if "after" in shape:
        found = found.where(order.after_parameters())
    page = found.order_by(*order.clauses()).limit(limit + 1).subquery()
    return select(page, func.row_number().over(order_by=order.of(page.c).clauses()).label("place"))


async def descriptions_of(session: AsyncSession, viewer: Viewer, item_ids: Sequence[str]) -> dict[str, str]:
    """By id, of the items that the viewer may see."""
    statement = select(ActionItem.id, ActionItem.description).join(Postmortem)
    statement = statement.where(ActionItem.id.in_(item_ids), visible_item(viewer))
    return {row[0]: row[1] for row in await session.execute(statement)} if item_ids else {}

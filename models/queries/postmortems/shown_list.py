"""Pages of postmortems as the API shows them. Each combination of filters is built once, when it is first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.postmortems.lifecycle import Status
from domain.search.query import parse_query
from models.action_item import ActionItem
from models.person import Person
from models.postmortem import Postmortem, PostmortemService, PostmortemTarget, PostmortemTeam
from models.queries.access.visibility import AnyViewer, BoundViewer, effective_visibility, viewer_values, visible_to
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.pagination import Ask, Page, both_ways, decode_cursor, encode_cursor, rank_of
from models.queries.postmortems.resting import rests
from models.queries.postmortems.shown import (
    OPEN_ITEMS,
    OVERDUE,
    ShownPostmortem,
    seen_columns,
    shown_columns,
    state_column,
)
from models.queries.prebuilt import Prebuilt, instant_of, json_list, json_object, number_of, text_of, texts_of
from models.queries.search_conditions import BoundQuery, matching, planned_for_words, query_values
from models.team import Service, Team


@dataclass(frozen=True, slots=True)
class PostmortemFilters:
    """``published_from`` and ``published_to`` are about the first publication. ``slipped_target`` names a target that
    was met too late, or was missed. ``imported`` is whether an import brought it."""

    status: Sequence[str] = ()
    team_id: str | None = None
    service_id: str | None = None
    author_id: str | None = None
    visibility: str | None = None
    overdue: bool | None = None
    q: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    published_from: datetime | None = None
    published_to: datetime | None = None
    root_cause_category: str | None = None
    tag: str | None = None
    slipped_target: str | None = None
    imported: bool | None = None
    sort: str = "-createdAt"

    def values(self, now: datetime) -> dict[str, Any]:
        """The parameters of those that were given, by the names in :data:`CONDITIONS`."""
        one = self.status[0] if len(self.status) == 1 else None
        given: dict[str, Any] = {
            "status": one,
            "statuses": list(self.status) if self.status and one is None else None,
            "team_id": self.team_id,
            "service_id": self.service_id,
            "author_id": self.author_id,
            "visibility": self.visibility,
            "missed_at": now if self.overdue is True else None,
            "not_missed_at": now if self.overdue is False else None,
            "created_from": self.created_from,
            "created_to": self.created_to,
            "published_from": self.published_from,
            "published_to": self.published_to,
            "root_cause_category": self.root_cause_category,
            "tag": self.tag,
            "slipped_target": self.slipped_target,
            "slipped_by": now if self.slipped_target else None,
            "is_imported": self.imported or None,
            "is_not_imported": True if self.imported is False else None,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ShownState:
    """What makes the ETag of a page, and its cursor."""

    id: str
    number: int
    title: str
    status: str
    created_at: datetime
    updated_at: datetime
    state: int


@dataclass(frozen=True, slots=True)
class ListedPostmortem:
    """What a line of a list shows. ``author`` is their name, ``teams`` those of the teams."""

    id: str
    number: int
    title: str
    status: str
    visibility: str
    author_id: str | None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    root_cause_category: str | None
    tags: list[str]
    author: str | None
    teams: list[str]
    services: list[dict[str, str]]
    open_items: int
    overdue_items: int


Kind = Literal["shown", "states", "listed"]


async def list_shown(
    session: AsyncSession, viewer: Viewer, filters: PostmortemFilters, ask: Ask, now: datetime
) -> Page[ShownPostmortem]:
    """One statement; three more where ``q`` finds them by their words. Private ones that only the administrator role
    lets the viewer read are audited."""
    rows, cursor = await _list(session, viewer, filters, ask, now, "shown")
    return Page([ShownPostmortem(*row) for row in rows], cursor)


async def list_states(
    session: AsyncSession, viewer: Viewer, filters: PostmortemFilters, ask: Ask, now: datetime
) -> Page[ShownState]:
    """The states of :func:`list_shown`, without what is shown."""
    rows, cursor = await _list(session, viewer, filters, ask, now, "states")
    return Page([ShownState(*row) for row in rows], cursor)


async def list_postmortems(
    session: AsyncSession, viewer: Viewer, filters: PostmortemFilters, ask: Ask, now: datetime
) -> Page[ListedPostmortem]:
    """As :func:`list_shown`, with little of each."""
    rows, cursor = await _list(session, viewer, filters, ask, now, "listed")
    return Page([ListedPostmortem(*row) for row in rows], cursor)


async def _list(
    session: AsyncSession, viewer: Viewer, filters: PostmortemFilters, ask: Ask, now: datetime, kind: Kind
) -> tuple[list[Any], str | None]:
    order = ORDERS[filters.sort]
    values = {**viewer_values(viewer), "limit": ask.limit + 1, "shown": ask.limit, "today": now.astimezone(UTC).date()}
    given = filters.values(now)
    if ask.cursor:
        given["after"], given["after_tie"] = decode_cursor(
            order.name, ask.cursor, kind=order.value_kind, tie_type=str if order.value_kind else int
        )
    if filters.q:
        given = {"ids": await _list_matching(session, viewer, filters, values | given)}
    shape, limit = frozenset(given), ask.limit if kind == "listed" else None
    plain = _page(kind, filters.sort, limit, shape, is_admin=viewer.is_admin, is_audited=False)
    audited = _page(kind, filters.sort, limit, shape, is_admin=True, is_audited=True) if viewer.is_admin else plain
    rows = await rows_with_audit(session, viewer, audited, plain, values | given)
    if len(rows) <= ask.limit:
        return rows, None
    rows = rows[: ask.limit]
    last = rows[-1]
    return rows, encode_cursor(order.name, last[order.column.key], last[order.tie.key])


async def _list_matching(
    session: AsyncSession, viewer: Viewer, filters: PostmortemFilters, values: dict[str, Any]
) -> list[str]:
    """The ids of a page of those that hold the words of ``q``. A query that only refuses (``-this``) finds nothing."""
    query = parse_query(filters.q or "")
    if not query.sought:
        return []
    shape = frozenset(values)
    statement = _matching(filters.sort, shape, len(query.phrases), len(query.refused), is_admin=viewer.is_admin)
    async with planned_for_words(session):
        return [row[0] for row in await statement.rows(session, **values, **query_values(query))]


@cache
def _matching(sort: str, shape: frozenset[str], phrases: int, refused: int, *, is_admin: bool) -> Prebuilt:
    ids = _chosen(select(Postmortem.id), sort, shape, BoundViewer(is_admin))
    return Prebuilt(ids.where(matching(BoundQuery.of(phrases, refused))))


@cache
def _page(
    kind: Kind, sort: str, limit: int | None, shape: frozenset[str], *, is_admin: bool, is_audited: bool
) -> Prebuilt:
    """``limit``, where it is none of the parameters, is one of the few that pages have; then the plan is kept."""
    viewer, order = BoundViewer(is_admin), ORDERS[sort]
    seen = _chosen(select(*seen_columns()), sort, shape, viewer, limit).cte("seen")
    in_order = order.of(seen.c)
    columns = {"shown": shown_columns, "states": _state_columns, "listed": _listed_columns}[kind](seen)
    statement = select(*columns).order_by(*in_order.clauses())
    if is_audited:
        place = select(seen.c.id, func.row_number().over(order_by=in_order.clauses()).label("place")).subquery()
        statement = with_audit_of(select(place.c.id).where(place.c.place <= number_of("shown")), statement, viewer)
    return Prebuilt(statement, keeps_plan=limit is not None)


def _state_columns(seen: CTE) -> list[Any]:
    names = ("id", "number", "title", "status", "created_at", "updated_at")
    return [*(seen.c[name] for name in names), state_column(seen)]


def _listed_columns(seen: CTE) -> list[Any]:
    service = json_list(json_object(id=Service.id, name=Service.name), Service.name, Service.id)
    services = select(service).join(PostmortemService).where(PostmortemService.postmortem_id == seen.c.id)
    author = select(Person.name).where(Person.id == seen.c.author_id)
    teams = select(json_list(cast(Team.name, Text), Team.name)).join(PostmortemTeam, PostmortemTeam.team_id == Team.id)
    items = [select(one).where(ActionItem.postmortem_id == seen.c.id) for one in (OPEN_ITEMS, OVERDUE)]
    more = (author, teams.where(PostmortemTeam.postmortem_id == seen.c.id), services, *items)
    names = (
        *("id", "number", "title", "status", "visibility", "author_id", "created_at", "updated_at", "published_at"),
        *("root_cause_category", "tags"),
    )
    return [*(seen.c[name] for name in names), *(one.scalar_subquery() for one in more)]


def _chosen(
    statement: Select[Any], sort: str, shape: frozenset[str], viewer: AnyViewer, limit: int | None = None
) -> Select[Any]:
    order = ORDERS[sort]
    statement = statement.where(visible_to(viewer), *(CONDITIONS[one] for one in sorted(shape & CONDITIONS.keys())))
    if "after" in shape:
        statement = statement.where(order.after_parameters())
    return statement.order_by(*order.clauses()).limit(number_of("limit") if limit is None else limit + 1)


def _has(table: type[Any], *conditions: Any) -> ColumnElement[bool]:
    return exists().where(table.postmortem_id == Postmortem.id, *conditions)


def _has_missed(at: Any) -> ColumnElement[bool]:
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    open_targets = (PostmortemTarget.met_at.is_(None), PostmortemTarget.waived_at.is_(None), due_at < at)
    return and_(_has(PostmortemTarget, *open_targets), not_(rests()))


def slipped(at: Any, *, is_resting: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on :class:`PostmortemTarget`: it was met too late, or was missed at that instant."""
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    missed = and_(PostmortemTarget.met_at.is_(None), due_at < at, not_(is_resting))
    return and_(PostmortemTarget.waived_at.is_(None), or_(PostmortemTarget.met_at > due_at, missed))


def _has_slipped(name: Any, at: Any) -> ColumnElement[bool]:
    late, missed = slipped(at, is_resting=true()), slipped(at, is_resting=false())
    is_it = PostmortemTarget.name == name
    return or_(_has(PostmortemTarget, is_it, late), and_(_has(PostmortemTarget, is_it, missed), not_(rests())))


CONDITIONS: dict[str, ColumnElement[bool]] = {
    "ids": Postmortem.id == any_(texts_of("ids")),
    "status": Postmortem.status == text_of("status"),
    "statuses": Postmortem.status == any_(texts_of("statuses")),
    "team_id": _has(PostmortemTeam, PostmortemTeam.team_id == text_of("team_id")),
    "service_id": _has(PostmortemService, PostmortemService.service_id == text_of("service_id")),
    "author_id": Postmortem.author_id == text_of("author_id"),
    "visibility": effective_visibility() == text_of("visibility"),
    "missed_at": _has_missed(instant_of("missed_at")),
    "not_missed_at": not_(_has_missed(instant_of("not_missed_at"))),
    "created_from": Postmortem.created_at >= instant_of("created_from"),
    "created_to": Postmortem.created_at < instant_of("created_to"),
    "published_from": Postmortem.first_published_at >= instant_of("published_from"),
    "published_to": Postmortem.first_published_at < instant_of("published_to"),
    "root_cause_category": Postmortem.root_cause_category == text_of("root_cause_category"),
    "tag": Postmortem.tags.contains(cast(array([text_of("tag")]), ARRAY(Text))),
    "slipped_target": _has_slipped(text_of("slipped_target"), instant_of("slipped_by")),
    "is_imported": Postmortem.imported_from.is_not(None),
    "is_not_imported": Postmortem.imported_from.is_(None),
}


ORDERS = {
    **both_ways("createdAt", Postmortem.created_at, Postmortem.id),
    **both_ways("updatedAt", Postmortem.updated_at, Postmortem.id),
    **both_ways("number", Postmortem.number, Postmortem.number),
    **both_ways("title", Postmortem.title, Postmortem.id, kind=str, wrap=func.lower),
    **both_ways("status", Postmortem.status, Postmortem.id, kind=str, wrap=rank_of(Status)),
}

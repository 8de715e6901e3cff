"""Counts of action items: done on time, and overdue."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Interval,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.analytics.periods import Calendar
from models.action_item import ActionItem, ActionItemHistory
from models.postmortem import Postmortem, PostmortemTeam
from models.queries.access.visibility import BoundViewer, viewer_parameters, visible_to
from models.queries.analytics.counting import (
    MOST_LISTED,
    PREVIOUS,
    CountFilters,
    Rows,
    calendar_values,
    days_of,
    instants_of,
    listed,
    now_and_before,
    period_of,
    read,
)
from models.queries.analytics.postmortems import counted
from models.queries.postmortems.shown_list import CONDITIONS
from models.queries.prebuilt import Prebuilt, day_of, instant_of, text_of

VIEWER = text_of("viewer_id")


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Rows as the statement lists them; a period's number is that of ``counting.period_of``.

    ``due``: period, first due in it without those that won't be done, completed by then, won't be done. ``types``:
    type, first due now, before. ``teams``: team, first due now, completed by then. ``overdue``: how many of the ends
    are before some items were overdue, how many are before that ended, how many items.
    """

    due: list[list[Any]]
    types: list[list[Any]]
    teams: list[list[Any]]
    overdue: list[list[Any]]


async def count_items(
    session: AsyncSession, viewer: Viewer, filters: CountFilters, calendar: Calendar, now: datetime
) -> ItemCounts:
    """One statement."""
    given = filters.values()
    statement = _counts(frozenset(given), is_admin=viewer.is_admin)
    row = await statement.row(session, **calendar_values(calendar, now), **viewer_parameters(viewer), **given)
    return ItemCounts(*(read(one) for one in row))


@cache
def _counts(shape: frozenset[str], *, is_admin: bool) -> Prebuilt:
    due, overdue = (_due(), ActionItem.owner_id == VIEWER), (_overdue(), own_history())
    found = counted_items(BoundViewer(is_admin), shape, due, overdue)
    rows = (_due_by_period(found), _types(found), _teams(found), _overdue_by_end(found))
    return Prebuilt(select(*(listed(one) for one in rows)))


def counted_items(viewer: BoundViewer, shape: frozenset[str], *kinds: tuple[Rows, ColumnElement[bool]]) -> CTE:
    """Rows of several kinds about action items, as lists show those: their postmortem is one of those that are counted,
    which are found once. Somebody's own items are counted even if they may not see the postmortem, unless it is asked
    for by its team or service. Each kind comes with the condition that finds one's own."""
    found = union_all(*(rows for rows, _ in kinds)).subquery()
    seen = select(Postmortem.id).where(*counted(viewer, shape))
    in_seen = select(found).where(found.c.postmortem_id.in_(seen))
    if viewer.is_admin or shape & {"team_id", "service_id"}:
        return in_seen.cte("found")
    own = union_all(*(rows.where(is_own) for rows, is_own in kinds)).subquery()
    hidden = exists().where(
        Postmortem.id == own.c.postmortem_id, visible_to(viewer).is_not(True), *(CONDITIONS[one] for one in shape)
    )
    return union_all(in_seen, select(own).where(hidden.correlate(own))).cte("found")


def own_history() -> ColumnElement[bool]:
    is_own = exists().where(ActionItem.id == ActionItemHistory.action_item_id, ActionItem.owner_id == VIEWER)
    return is_own.correlate(ActionItemHistory)


def _due() -> Rows:
    by_then = ActionItem.completed_at < func.timezone("UTC", ActionItem.first_due_on + 1)
    rows: Rows = select(
        literal_column("'due'").label("kind"),
        ActionItem.postmortem_id,
        period_of(ActionItem.first_due_on, days_of("days")).label("period"),
        literal_column("0").label("ended"),
        ActionItem.type.label("type"),
        (ActionItem.status == "WONT_DO").label("wont_do"),
        and_(ActionItem.status == "COMPLETED", by_then).label("on_time"),
    )
    return rows.where(ActionItem.first_due_on >= day_of("first_day"), ActionItem.first_due_on < day_of("day_after"))


def _overdue() -> Rows:
    """What was overdue at one of the ends, at least."""
    begun, ended = ActionItemHistory.overdue_from, ActionItemHistory.until
    rows: Rows = select(
        literal_column("'overdue'").label("kind"),
        ActionItemHistory.postmortem_id,
        _ends_before(begun).label("period"),
        _ends_before(ended).label("ended"),
        cast(null(), Text).label("type"),
        false().label("wont_do"),
        false().label("on_time"),
    )
    return rows.where(begun < ended, begun <= instant_of("last_end"), ended > instant_of("first_end"))


def _ends_before(at: Any) -> ColumnElement[int]:
    """An end is the state at its instant: what happens then is before it."""
    return period_of(at - literal_column("interval '1 microsecond'", Interval()), instants_of("ends"))


def _due_by_period(found: CTE) -> Rows:
    counts = func.count().filter(~found.c.wont_do)
    rows = select(found.c.period, counts, func.count().filter(found.c.on_time), func.count().filter(found.c.wont_do))
    return rows.where(found.c.kind == "due").group_by(found.c.period)


def _types(found: CTE) -> Rows:
    now, before = now_and_before(found.c.period)
    rows = select(found.c.type, now, before).where(found.c.kind == "due", found.c.type.is_not(None))
    return rows.group_by(found.c.type).having(now > 0).order_by(now.desc(), found.c.type).limit(MOST_LISTED)


def _teams(found: CTE) -> Rows:
    is_current = and_(found.c.kind == "due", found.c.period > PREVIOUS, ~found.c.wont_do)
    linked = and_(PostmortemTeam.postmortem_id == found.c.postmortem_id, is_current)
    rows = select(PostmortemTeam.team_id, func.count(), func.count().filter(found.c.on_time)).join(found, linked)
    return rows.group_by(PostmortemTeam.team_id)


def _overdue_by_end(found: CTE) -> Rows:
    rows = select(found.c.period, found.c.ended, func.count()).where(found.c.kind == "overdue")
    return rows.group_by(found.c.period, found.c.ended)

"""Counts that tell how the process works: phases, targets, causes that come back, and what becomes of action items."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Interval, and_, case, false, func, literal_column, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.analytics.periods import Calendar
from models.action_item import ActionItem, ActionItemHistory
from models.postmortem import Postmortem, PostmortemTarget
from models.queries.access.visibility import BoundViewer, viewer_parameters
from models.queries.action_items_filtered import OPEN, has_ticket
from models.queries.analytics.action_items import VIEWER, counted_items
from models.queries.analytics.counting import MOST_LISTED, CountFilters, Rows, calendar_values, listed, median, read
from models.queries.analytics.postmortems import counted, created_between, days_between
from models.queries.postmortems.resting import rests
from models.queries.postmortems.shown_list import slipped
from models.queries.prebuilt import Prebuilt, instant_json, instant_of

PHASES = {
    "draft_started": (
        func.coalesce(Postmortem.incident_resolved_at, Postmortem.created_at),
        Postmortem.draft_started_at,
    ),
    "draft_completed": (Postmortem.draft_started_at, Postmortem.submitted_at),
    "review_completed": (Postmortem.submitted_at, Postmortem.reviewed_at),
    "published": (Postmortem.reviewed_at, Postmortem.first_published_at),
}
"""By the target that ends it: from which instant to which each phase lasts."""
AGES = (7, 30, 90)
"""Days; items that have been open for longer than the last one are counted, too."""


@dataclass(frozen=True, slots=True)
class ProcessCounts:
    """Rows as the statement lists them.

    ``phases``: phase, how many, average days, median days. ``targets``: name, due, slipped, waived, extended.
    ``recurring``: cause, since when its action items were done, created since. ``funnel``: whether it is the current
    span, created, with a ticket, completed. ``ages``: place in ``AGES``, items open at the end.
    """

    phases: list[list[Any]]
    targets: list[list[Any]]
    recurring: list[list[Any]]
    funnel: list[list[Any]]
    ages: list[list[Any]]


async def count_process(
    session: AsyncSession, viewer: Viewer, filters: CountFilters, calendar: Calendar, now: datetime
) -> ProcessCounts:
    """One statement."""
    given = filters.values()
    statement = _counts(frozenset(given), is_admin=viewer.is_admin)
    row = await statement.row(session, **calendar_values(calendar, now), **viewer_parameters(viewer), **given)
    return ProcessCounts(*(read(one) for one in row))


@cache
def _counts(shape: frozenset[str], *, is_admin: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    conditions, is_own = counted(viewer, shape), ActionItem.owner_id == VIEWER
    created = _created(conditions)
    found = counted_items(viewer, shape, (_promised(), is_own), (_open(), is_own))
    rows = (_phases(conditions), _targets(created), _recurring(created), _funnel(found), _ages(found))
    return Prebuilt(select(*(listed(one) for one in rows)))


def _created(conditions: Iterable[ColumnElement[bool]]) -> CTE:
    """In the current span and the one before."""
    rows = select(
        Postmortem.id,
        Postmortem.created_at,
        (Postmortem.created_at >= instant_of("current_at")).label("is_current"),
        Postmortem.root_cause_category.label("cause"),
        rests().label("rests"),
    )
    return rows.where(created_between("begins_at", "ends_at"), *conditions).cte("created")


def _phases(conditions: Iterable[ColumnElement[bool]]) -> Rows:
    """Of those first published in the current span. A phase that ended before it began is left out."""
    at = Postmortem.first_published_at
    between = (at >= instant_of("current_at"), at < instant_of("ends_at"))
    columns = [days_between(begin, end).label(name) for name, (begin, end) in PHASES.items()]
    published = select(*columns).where(*between, *conditions).cte("published")
    kinds = []
    for name in PHASES:
        days = published.c[name]
        kind = select(literal_column(f"'{name}'").label("name"), func.count(days), func.avg(days), median(days))
        kinds.append(kind.where(days >= 0))
    return select(kinds[0].union_all(*kinds[1:]).subquery())


def _targets(created: CTE) -> Rows:
    """Of the postmortems created in the current span."""
    linked = and_(PostmortemTarget.postmortem_id == created.c.id, created.c.is_current)
    is_counted = PostmortemTarget.waived_at.is_(None)
    late = slipped(instant_of("now"), is_resting=created.c.rests)
    rows = select(
        PostmortemTarget.name,
        func.count().filter(is_counted),
        func.count().filter(late),
        func.count().filter(not_(is_counted)),
        func.count().filter(and_(is_counted, PostmortemTarget.extended_to.is_not(None))),
    )
    return rows.join(created, linked).group_by(PostmortemTarget.name)


def _recurring(created: CTE) -> Rows:
    """Causes of postmortems that were created after all action items of an earlier one were done."""
    items = select(created.c.cause, func.max(ActionItem.completed_at).label("done_at"))
    items = items.join(ActionItem, ActionItem.postmortem_id == created.c.id).where(created.c.cause.is_not(None))
    is_done = func.bool_and(ActionItem.status.not_in(OPEN))
    done = items.group_by(created.c.id, created.c.cause).having(is_done).subquery()
    first = select(done.c.cause, func.min(done.c.done_at).label("done_at")).group_by(done.c.cause).subquery()
    since = and_(created.c.is_current, created.c.created_at >= first.c.done_at)
    again = func.count().label("again")
    rows = select(first.c.cause, instant_json(first.c.done_at), again)
    rows = rows.join(created, and_(created.c.cause == first.c.cause, since))
    return rows.group_by(first.c.cause, first.c.done_at).order_by(again.desc(), first.c.cause).limit(MOST_LISTED)


def _promised() -> Rows:
    rows = select(
        literal_column("'promised'").label("kind"),
        ActionItem.postmortem_id,
        case((ActionItem.created_at >= instant_of("current_at"), 1), else_=0).label("place"),
        has_ticket().label("has_ticket"),
        (ActionItem.status == "COMPLETED").label("is_done"),
    )
    return rows.where(ActionItem.created_at >= instant_of("begins_at"), ActionItem.created_at < instant_of("ends_at"))


def _open() -> Rows:
    end = instant_of("last_end")
    limits = [
        (ActionItem.created_at > end - literal_column(f"interval '{days} days'", Interval()), place)
        for place, days in enumerate(AGES)
    ]
    rows = select(
        literal_column("'open'").label("kind"),
        ActionItemHistory.postmortem_id,
        case(*limits, else_=len(AGES)).label("place"),
        false().label("has_ticket"),
        false().label("is_done"),
    ).join(ActionItem, ActionItem.id == ActionItemHistory.action_item_id)
    was_open = (ActionItemHistory.status.in_(OPEN), ActionItemHistory.at <= end, ActionItemHistory.until > end)
    return rows.where(*was_open)


def _funnel(found: CTE) -> Rows:
    is_current = (found.c.place == 1).label("is_current")
    counts = (func.count().filter(found.c.has_ticket), func.count().filter(found.c.is_done))
    return select(is_current, func.count(), *counts).where(found.c.kind == "promised").group_by(is_current)


def _ages(found: CTE) -> Rows:
    return select(found.c.place, func.count()).where(found.c.kind == "open").group_by(found.c.place)

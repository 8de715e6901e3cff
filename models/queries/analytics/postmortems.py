"""Counts of postmortems: created, published, and what they have in common."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.analytics.periods import Calendar
from models.postmortem import Postmortem, PostmortemService, PostmortemTeam
from models.queries.access.visibility import BoundViewer, viewer_parameters, visible_to
from models.queries.analytics.counting import (
    MOST_LISTED,
    PREVIOUS,
    CountFilters,
    Rows,
    calendar_values,
    instants_of,
    listed,
    median,
    now_and_before,
    period_of,
    read,
)
from models.queries.postmortems.shown_list import CONDITIONS
from models.queries.prebuilt import Prebuilt, instant_of, text_of
from models.team import Service, Team


@dataclass(frozen=True, slots=True)
class PostmortemCounts:
    """Rows as the statement lists them; a period's number is that of ``counting.period_of``.

    ``periods``: period, created, ever published. ``published``: period, first published, days together. ``medians``:
    whether it is the current span, median of the days. ``causes``: cause, created now, before. ``services``: id, name,
    created now, before. ``teams``: id, name, created, ever published.
    """

    periods: list[list[Any]]
    published: list[list[Any]]
    medians: list[list[Any]]
    causes: list[list[Any]]
    services: list[list[Any]]
    teams: list[list[Any]]


async def count_postmortems(
    session: AsyncSession, viewer: Viewer, filters: CountFilters, calendar: Calendar, now: datetime
) -> PostmortemCounts:
    """One statement."""
    given = filters.values()
    statement = _counts(frozenset(given), is_admin=viewer.is_admin)
    row = await statement.row(session, **calendar_values(calendar, now), **viewer_parameters(viewer), **given)
    return PostmortemCounts(*(read(one) for one in row))


def counted(viewer: BoundViewer, shape: Iterable[str]) -> list[ColumnElement[bool]]:
    """Conditions on :class:`Postmortem`: the viewer sees it, and the filters want it."""
    return [visible_to(viewer, of_many=True), *(CONDITIONS[one] for one in sorted(shape))]


@cache
def _counts(shape: frozenset[str], *, is_admin: bool) -> Prebuilt:
    conditions = counted(BoundViewer(is_admin), shape)
    created, published = _created(conditions), _published(conditions)
    rows = (
        *(_by_period(created), _days_by_period(published), _medians(published)),
        *(_causes(created), _services(created, shape), _teams(created, shape)),
    )
    return Prebuilt(select(*(listed(one) for one in rows)))


def created_between(begin: str, end: str) -> ColumnElement[bool]:
    return and_(Postmortem.created_at >= instant_of(begin), Postmortem.created_at < instant_of(end))


def _created(conditions: Iterable[ColumnElement[bool]]) -> CTE:
    ever = or_(Postmortem.first_published_at.is_not(None), not_(Postmortem.first_published_at_known))
    rows = select(
        Postmortem.id,
        period_of(Postmortem.created_at, instants_of("instants")).label("period"),
        ever.label("is_published"),
        Postmortem.root_cause_category.label("cause"),
    )
    return rows.where(created_between("begins_at", "ends_at"), *conditions).cte("created")


def _published(conditions: Iterable[ColumnElement[bool]]) -> CTE:
    at = Postmortem.first_published_at
    begun = func.coalesce(Postmortem.incident_resolved_at, Postmortem.created_at)
    period = period_of(at, instants_of("instants")).label("period")
    rows = select(period, days_between(begun, at).label("days"))
    between = (at >= instant_of("begins_at"), at < instant_of("ends_at"))
    return rows.where(*between, *conditions).cte("published")


def days_between(begin: Any, end: Any) -> ColumnElement[Any]:
    return func.extract("epoch", end - begin) / 86400


def _by_period(created: CTE) -> Rows:
    published = func.count().filter(created.c.is_published)
    return select(created.c.period, func.count(), published).group_by(created.c.period)


def _days_by_period(published: CTE) -> Rows:
    return select(published.c.period, func.count(), func.sum(published.c.days)).group_by(published.c.period)


def _medians(published: CTE) -> Rows:
    is_current = (published.c.period > PREVIOUS).label("is_current")
    return select(is_current, median(published.c.days)).group_by(is_current)


def _causes(created: CTE) -> Rows:
    now, before = now_and_before(created.c.period)
    rows = select(created.c.cause, now, before).where(created.c.cause.is_not(None)).group_by(created.c.cause)
    return rows.having(now > 0).order_by(now.desc(), created.c.cause).limit(MOST_LISTED)


def _services(created: CTE, shape: frozenset[str]) -> Rows:
    """Only the one that is asked for, if one is: a list has one service as its filter."""
    now, before = now_and_before(created.c.period)
    linked = PostmortemService.postmortem_id == created.c.id
    counts = select(PostmortemService.service_id, now.label("now"), before.label("before")).join(created, linked)
    if "service_id" in shape:
        counts = counts.where(PostmortemService.service_id == text_of("service_id"))
    most = counts.group_by(PostmortemService.service_id).having(now > 0).subquery()
    rows = select(most.c.service_id, Service.name, most.c.now, most.c.before)
    rows = rows.join(Service, Service.id == most.c.service_id)
    return rows.order_by(most.c.now.desc(), Service.name).limit(MOST_LISTED)


def _teams(created: CTE, shape: frozenset[str]) -> Rows:
    """Every team, because a manager looks for theirs; or the one that is asked for."""
    linked = and_(PostmortemTeam.postmortem_id == created.c.id, created.c.period > PREVIOUS)
    published = func.count().filter(created.c.is_published)
    counts = select(PostmortemTeam.team_id, func.count().label("created"), published.label("published"))
    if "team_id" in shape:
        counts = counts.where(PostmortemTeam.team_id == text_of("team_id"))
    found = counts.join(created, linked).group_by(PostmortemTeam.team_id).subquery()
    rows = select(found.c.team_id, Team.name, found.c.created, found.c.published)
    return rows.join(Team, Team.id == found.c.team_id).order_by(Team.name)

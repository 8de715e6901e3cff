"""What teams and their leads look at: open targets, how each team is doing, what slipped, and what is still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.escalation.targets import TargetName
from domain.incidents.incident import Urgency
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.incident import Incident
from models.person import Person
from models.postmortem import Postmortem, PostmortemIncident, PostmortemTarget, PostmortemTeam
from models.queries.access.visibility import BoundViewer, viewer_parameters, visible_to
from models.queries.action_items_filtered import OPEN
from models.queries.analytics.counting import median
from models.queries.analytics.postmortems import days_between
from models.queries.postmortems.resting import rests
from models.queries.prebuilt import Prebuilt, day_of, instant_of, texts_of
from models.team import Team

RECENTLY = timedelta(days=90)
MAX_TARGETS = 10
MAX_TEAMS = 20
MAX_PROMISES = 10
"""Written into the statements, whose plans are kept: see :func:`models.queries.prebuilt.planned_once`."""
DUE = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
LINK = aliased(PostmortemTeam)  # the condition of visibility reads the table, too
VIEWER = BoundViewer(is_admin=False)
BEFORE = (Status.DRAFT.value, Status.IN_REVIEW.value)


@dataclass(frozen=True, slots=True)
class TeamHealth:
    """``open_count`` postmortems aren't published yet, ``late_count`` of them have missed a target. ``on_time`` and
    ``median_days`` are of those published in the last 90 days, None if there are none; ``published_count`` says how
    many."""

    id: str
    name: str
    open_count: int
    late_count: int
    overdue_items: int
    published_count: int
    on_time: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class TeamTarget:
    """An unmet target, of a postmortem that the viewer may see. ``slips`` is how often it was extended."""

    postmortem_id: str
    number: int
    title: str
    author: str | None
    name: str
    due_at: datetime
    slips: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Promise:
    """An open action item of a postmortem of a high-urgency incident."""

    id: str
    description: str
    postmortem_id: str
    title: str
    owner: str | None
    due_on: date | None


def _in_teams() -> ColumnElement[bool]:
    """Not correlated: few of all postmortems are a team's, so reading begins with them."""
    links = select(PostmortemTeam.postmortem_id).where(PostmortemTeam.team_id == func.any(texts_of("of_teams")))
    return Postmortem.id.in_(links)


def _unmet() -> ColumnElement[bool]:
    return and_(PostmortemTarget.met_at.is_(None), PostmortemTarget.waived_at.is_(None))


def _theirs() -> ColumnElement[bool]:
    """An administrator's role gives no access to titles here, since reading by it is audited."""
    return and_(Postmortem.status.in_(BEFORE), _in_teams(), not_(rests()), visible_to(VIEWER))


_SHOWN: tuple[Any, ...] = (Postmortem.id, Postmortem.number, Postmortem.title, Person.name)
_OF_TARGET = (PostmortemTarget.name, DUE.label("due_at"), PostmortemTarget.slips, PostmortemTarget.reason)


@cache
def _open_targets() -> Prebuilt:
    """Read from each postmortem: nearly all of a team have an unmet target, and few of all targets are theirs."""
    targets = select(*_OF_TARGET).where(PostmortemTarget.postmortem_id == Postmortem.id, _unmet())
    target = targets.order_by(DUE).limit(1).lateral()
    found = select(*_SHOWN, *target.c).select_from(Postmortem).join(target, true())
    found = found.outerjoin(Person, Person.id == Postmortem.author_id).where(_theirs())
    return Prebuilt(found.order_by(target.c.due_at, Postmortem.id).limit(MAX_TARGETS))


@cache
def _slipped() -> Prebuilt:
    """Extended twice, or extended once and missed again. Read from the targets, of which few were extended."""
    again = and_(PostmortemTarget.slips >= 1, or_(PostmortemTarget.slips >= 2, instant_of("now") > DUE))
    found = select(*_SHOWN, *_OF_TARGET).join(PostmortemTarget, PostmortemTarget.postmortem_id == Postmortem.id)
    found = found.outerjoin(Person, Person.id == Postmortem.author_id).where(_unmet(), again, _theirs())
    each = found.order_by(Postmortem.id, DUE).ext(distinct_on(Postmortem.id)).subquery()
    return Prebuilt(select(each).order_by(each.c.due_at, each.c.id).limit(MAX_TARGETS))


async def list_open_targets(session: AsyncSession, viewer: Viewer, team_ids: Sequence[str]) -> Sequence[TeamTarget]:
    """The next unmet target of each postmortem of these teams, soonest due first."""
    values = {"of_teams": list(team_ids), **viewer_parameters(viewer)}
    rows = await _open_targets().rows(session, **values)
    return [TeamTarget(*row) for row in rows]


async def list_slipped(
    session: AsyncSession, viewer: Viewer, team_ids: Sequence[str], now: datetime
) -> Sequence[TeamTarget]:
    values = {"of_teams": list(team_ids), "now": now, **viewer_parameters(viewer)}
    return [TeamTarget(*row) for row in await _slipped().rows(session, **values)]


async def list_promises(session: AsyncSession, viewer: Viewer, team_ids: Sequence[str]) -> Sequence[Promise]:
    """Soonest due first, then those without a due date."""
    values = {"of_teams": list(team_ids), **viewer_parameters(viewer)}
    return [Promise(*row) for row in await _promises().rows(session, **values)]


@cache
def _promises() -> Prebuilt:
    high = exists().where(
        PostmortemIncident.postmortem_id == Postmortem.id,
        PostmortemIncident.incident_id == Incident.id,
        Incident.urgency == Urgency.HIGH.value,
    )
    statement = (
        select(
            ActionItem.id,
            ActionItem.description,
            Postmortem.id,
            Postmortem.title,
            Person.name,
            ActionItem.due_on,
        )
        .join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
        .outerjoin(Person, Person.id == ActionItem.owner_id)
        .where(ActionItem.status.in_(OPEN), high, _in_teams(), visible_to(VIEWER))
        .order_by(ActionItem.due_on.asc().nulls_last(), ActionItem.id)
    )
    return Prebuilt(statement.limit(MAX_PROMISES))


async def list_team_health(session: AsyncSession, viewer: Viewer, now: datetime) -> Sequence[TeamHealth]:
    """Of the teams that the viewer leads, of all for administrators: what is late comes first. One statement."""
    values = {"now": now, "since": now - RECENTLY, "today": now.date(), **viewer_parameters(viewer)}
    rows = await _health(is_admin=viewer.is_admin).rows(session, **values)
    return [TeamHealth(*row) for row in rows]


@cache
def _health(*, is_admin: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    teams = select(Team.id, Team.name)
    if not is_admin:
        teams = teams.where(Team.lead_id == viewer.person_id)
    chosen = teams.cte("chosen")
    linked = and_(LINK.postmortem_id == Postmortem.id, LINK.team_id == chosen.c.id)
    missed = Postmortem.id.in_(select(PostmortemTarget.postmortem_id).where(_unmet(), instant_of("now") > DUE))
    under_way = (
        select(
            chosen.c.id,
            func.count().label("open_count"),
            func.count().filter(missed & not_(rests())).label("late_count"),
        )
        .join(LINK, LINK.team_id == chosen.c.id)
        .join(Postmortem, linked)
        .where(Postmortem.status.in_(BEFORE), visible_to(viewer))
        .group_by(chosen.c.id)
        .subquery()
    )
    is_late = and_(ActionItem.status.in_(OPEN), ActionItem.due_on < day_of("today"))
    items = (
        select(chosen.c.id, func.count().label("overdue"))
        .join(LINK, LINK.team_id == chosen.c.id)
        .join(Postmortem, linked)
        .join(ActionItem, ActionItem.postmortem_id == Postmortem.id)
        .where(is_late, visible_to(viewer))
        .group_by(chosen.c.id)
        .subquery()
    )
    at = Postmortem.first_published_at
    target = and_(PostmortemTarget.postmortem_id == Postmortem.id, PostmortemTarget.name == TargetName.PUBLISHED.value)
    in_time = case((PostmortemTarget.due_at.is_(None), None), (at <= DUE, 1.0), else_=0.0)
    days = days_between(func.coalesce(Postmortem.incident_resolved_at, Postmortem.created_at), at)
    published = (
        select(
            chosen.c.id,
            func.count().label("published"),
            func.avg(in_time).label("on_time"),
            median(days).label("median_days"),
        )
        .join(LINK, LINK.team_id == chosen.c.id)
        .join(Postmortem, linked)
        .outerjoin(PostmortemTarget, target)
        .where(at >= instant_of("since"), Postmortem.imported_from.is_(None), visible_to(viewer))
        .group_by(chosen.c.id)
        .subquery()
    )
    late, overdue = func.coalesce(under_way.c.late_count, 0), func.coalesce(items.c.overdue, 0)
    statement = (
        select(
            chosen.c.id,
            chosen.c.name,
            func.coalesce(under_way.c.open_count, 0),
            late,
            overdue,
            func.coalesce(published.c.published, 0),
            published.c.on_time,
            published.c.median_days,
        )
        .outerjoin(under_way, under_way.c.id == chosen.c.id)
        .outerjoin(items, items.c.id == chosen.c.id)
        .outerjoin(published, published.c.id == chosen.c.id)
        .order_by((late + overdue).desc(), chosen.c.name, chosen.c.id)
    )
    return Prebuilt(statement.limit(MAX_TEAMS))


_open_targets()
_slipped()
_promises()
for _is_admin in (True, False):
    _health(is_admin=_is_admin)

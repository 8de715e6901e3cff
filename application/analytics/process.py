"""How the process works: days by phase, targets that slip, causes that come back, and what becomes of action items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.analytics.links import Links, ListLink
from domain.access import Viewer
from domain.analytics.periods import Calendar
from domain.escalation.targets import TargetName
from models.queries.analytics.counting import CountFilters, planned_for_counting
from models.queries.analytics.process import AGES, ProcessCounts, count_process
from models.session import Session


@dataclass(frozen=True, slots=True)
class Phase:
    """It ends when the target of this name is met."""

    name: str
    of: int
    average: float | None
    median: float | None
    link: ListLink


@dataclass(frozen=True, slots=True)
class TargetCount:
    """Of the postmortems created in the span. ``slipped`` were met too late, or missed."""

    name: str
    of: int
    slipped: int
    waived: int
    extended: int
    link: ListLink


@dataclass(frozen=True, slots=True)
class Recurring:
    """A cause of which ``count`` postmortems were created after the action items of an earlier one were done."""

    value: str
    since: datetime
    count: int
    link: ListLink


@dataclass(frozen=True, slots=True)
class FunnelStep:
    name: str
    count: int
    previous: int
    link: ListLink


@dataclass(frozen=True, slots=True)
class Age:
    """Action items that have been open for at least ``from_days`` and less than ``to_days``, if there is an end."""

    from_days: int
    to_days: int | None
    count: int
    link: ListLink


@dataclass(frozen=True, slots=True)
class Process:
    calendar: Calendar
    phases: Sequence[Phase]
    targets: Sequence[TargetCount]
    recurring: Sequence[Recurring]
    funnel: Sequence[FunnelStep]
    ages: Sequence[Age]


async def read_process(
    session: Session, viewer: Viewer, filters: CountFilters, calendar: Calendar, now: datetime
) -> Process:
    """One statement, over what the viewer may see."""
    async with planned_for_counting(session):
        found = await count_process(session, viewer, filters, calendar, now)
    links = Links(calendar, filters)
    return Process(
        calendar,
        [Phase(name, of, average, median, links.published()) for name, of, average, median in found.phases],
        _targets(found, links),
        [_recurring(cause, since, count, links) for cause, since, count in found.recurring],
        _funnel(found, links),
        _ages(found, links, calendar.ends(now)[-1]),
    )


def _targets(found: ProcessCounts, links: Links) -> list[TargetCount]:
    order = [name.value for name in TargetName]
    return [
        TargetCount(name, of, slipped, waived, extended, links.created(slippedTarget=name))
        for name, of, slipped, waived, extended in sorted(found.targets, key=lambda row: order.index(row[0]))
    ]


def _recurring(cause: str, since: str, count: int, links: Links) -> Recurring:
    at = datetime.fromisoformat(since)
    return Recurring(cause, at, count, links.created(since=at, rootCauseCategory=cause))


def _funnel(found: ProcessCounts, links: Links) -> list[FunnelStep]:
    counts = {bool(is_current): (created, ticketed, done) for is_current, created, ticketed, done in found.funnel}
    now, before = counts.get(True, (0, 0, 0)), counts.get(False, (0, 0, 0))
    lists = (links.promised(), links.promised(hasTicket="true"), links.promised(status="COMPLETED"))
    names = ("created", "ticketed", "completed")
    return [FunnelStep(*one) for one in zip(names, now, before, lists, strict=True)]


def _ages(found: ProcessCounts, links: Links, end: datetime) -> list[Age]:
    counts: dict[int, int] = dict(found.ages)
    return [
        Age(from_days, to_days, counts.get(place, 0), links.open_since(end, from_days, to_days))
        for place, (from_days, to_days) in enumerate(zip((0, *AGES), (*AGES, None), strict=True))
    ]

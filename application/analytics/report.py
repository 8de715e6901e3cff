"""The five metrics and four trends of the product document, with the previous span beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.analytics.links import Links, ListLink, spans
from domain.access import Viewer
from domain.analytics.numbers import Counts, Days, Share, lasting, together
from domain.analytics.periods import Calendar, Span
from models.queries.analytics.action_items import ItemCounts, count_items
from models.queries.analytics.counting import PREVIOUS, CountFilters, planned_for_counting
from models.queries.analytics.postmortems import PostmortemCounts, count_postmortems
from models.session import Session


@dataclass(frozen=True, slots=True)
class Metric:
    """``share`` or ``of`` says of how many a rate or an average is."""

    value: float | None
    previous: float | None
    link: ListLink
    share: Share | None = None
    of: int | None = None
    wont_do: int | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    created: Metric
    completion: Metric
    average_days: Metric
    median_days: Metric
    items_on_time: Metric
    overdue: Metric


@dataclass(frozen=True, slots=True)
class Step:
    """One period, and the lists behind its numbers."""

    span: Span
    counts: Counts
    links: dict[str, ListLink]


@dataclass(frozen=True, slots=True)
class Trend:
    """``id`` is None for what has no row of its own."""

    value: str
    count: int
    previous: int
    link: ListLink
    id: str | None = None


@dataclass(frozen=True, slots=True)
class TeamTrend:
    """``on_time``: the team's action items first due in the span."""

    id: str
    name: str
    completed: Share
    on_time: Share
    link: ListLink


@dataclass(frozen=True, slots=True)
class Report:
    calendar: Calendar
    metrics: Metrics
    steps: Sequence[Step]
    causes: Sequence[Trend]
    services: Sequence[Trend]
    types: Sequence[Trend]
    teams: Sequence[TeamTrend]


async def report(session: Session, viewer: Viewer, filters: CountFilters, calendar: Calendar, now: datetime) -> Report:
    """Two statements, over what the viewer may see."""
    async with planned_for_counting(session):
        of_postmortems = await count_postmortems(session, viewer, filters, calendar, now)
        of_items = await count_items(session, viewer, filters, calendar, now)
    links = Links(calendar, filters)
    before, *counts = _counts(calendar, of_postmortems, of_items)
    medians = {bool(is_current): days for is_current, days in of_postmortems.medians}
    end = calendar.ends(now)[-1]
    on_time = {team: Share(done, of) for team, of, done in of_items.teams}
    return Report(
        calendar,
        _metrics(together(counts), before, medians, links, end),
        _steps(calendar, counts, links, now),
        [Trend(one, count, past, links.created(rootCauseCategory=one)) for one, count, past in of_postmortems.causes],
        [_of_service(row, links) for row in of_postmortems.services],
        [Trend(one, count, past, links.due(counted_only=False, type=one)) for one, count, past in of_items.types],
        [_of_team(row, on_time, links) for row in of_postmortems.teams],
    )


def _counts(calendar: Calendar, of_postmortems: PostmortemCounts, of_items: ItemCounts) -> list[Counts]:
    """Of the previous span, then of each period."""
    places = range(PREVIOUS, PREVIOUS + 1 + len(calendar.starts))
    created = {period: Share(published, count) for period, count, published in of_postmortems.periods}
    published = {period: Days(count, days) for period, count, days in of_postmortems.published}
    due = {period: (Share(done, of), wont_do) for period, of, done, wont_do in of_items.due}
    overdue = lasting(((begun, ended, count) for begun, ended, count in of_items.overdue), len(places))
    return [
        Counts(
            created.get(place, Share()),
            published.get(place, Days()),
            *due.get(place, (Share(), 0)),
            overdue[place - PREVIOUS],
        )
        for place in places
    ]


def _metrics(now: Counts, before: Counts, medians: dict[bool, float], links: Links, end: datetime) -> Metrics:
    return Metrics(
        Metric(now.created, before.created, links.created()),
        Metric(now.completed.rate, before.completed.rate, links.created(), share=now.completed),
        Metric(now.published.average, before.published.average, links.published(), of=now.published.of),
        Metric(medians.get(True), medians.get(False), links.published(), of=now.published.of),
        Metric(now.on_time.rate, before.on_time.rate, links.due(), share=now.on_time, wont_do=now.wont_do),
        Metric(now.overdue, before.overdue, links.open(end, overdue="true")),
    )


def _steps(calendar: Calendar, counts: Sequence[Counts], links: Links, now: datetime) -> list[Step]:
    ends = calendar.ends(now)[1:]
    return [
        Step(
            span,
            one,
            {
                "created": links.created(span),
                "published": links.published(span),
                "due": links.due(span),
                "overdue": links.open(end, overdue="true"),
            },
        )
        for span, one, end in zip(spans(calendar), counts, ends, strict=True)
    ]


def _of_service(row: list[Any], links: Links) -> Trend:
    service_id, name, count, previous = row
    return Trend(name, count, previous, links.created(serviceId=service_id), service_id)


def _of_team(row: list[Any], on_time: dict[str, Share], links: Links) -> TeamTrend:
    team_id, name, created, published = row
    shared = on_time.get(team_id, Share())
    return TeamTrend(team_id, name, Share(published, created), shared, links.created(teamId=team_id))

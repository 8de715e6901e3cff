"""What was learned: metrics and trends, and how the process works."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Response

from api.csv_export import csv_answer
from api.pages.analytics.charts import Chart, Point, chart
from api.pages.routing import Visit, Visiting, router
from api.pages.showing import show
from api.shapes.analytics.asked import AskedReport, asked_report
from api.shapes.analytics.report import CSV_COLUMNS, DEFINITIONS, csv_rows
from application.analytics.links import ListLink, ListName
from application.analytics.process import read_process
from application.analytics.report import Metric, Report, Step, report
from domain.analytics.periods import Calendar, Period
from models.queries.pagination import Ask
from models.queries.people import services, teams

routes = router()

NOTHING = "\N{EN DASH}"

Asked = Annotated[AskedReport, Depends(asked_report)]


@dataclass(frozen=True, slots=True)
class Tile:
    """A metric as people read it; ``beside`` says of how many it is."""

    name: str
    value: str
    previous: str
    beside: str
    definition: str
    href: str


@routes.get("/analytics")
async def read_analytics(visit: Visiting, asked: Asked) -> Response:
    context = visit.context
    calendar = asked.calendar(context.person.time_zone, context.now)
    found = await report(context.session, context.viewer, asked.filters, calendar, context.now)
    return await show(
        visit,
        "analytics/analytics.html",
        **await _form(visit, asked, calendar),
        tiles=_tiles(found),
        charts=_charts(found),
        report=found,
        is_empty=not any(_has_something(one) for one in found.steps),
        href=page_link,
        rate=rate,
    )


@routes.get("/analytics/process")
async def read_how_it_works(visit: Visiting, asked: Asked) -> Response:
    context = visit.context
    calendar = asked.calendar(context.person.time_zone, context.now)
    found = await read_process(context.session, context.viewer, asked.filters, calendar, context.now)
    return await show(
        visit,
        "analytics/process.html",
        **await _form(visit, asked, calendar),
        found=found,
        longest=max((one.average or 0 for one in found.phases), default=0),
        href=page_link,
        rate=rate,
    )


@routes.get("/analytics.csv")
async def download_numbers(visit: Visiting, asked: Asked) -> Response:
    context = visit.context
    calendar = asked.calendar(context.person.time_zone, context.now)
    found = await report(context.session, context.viewer, asked.filters, calendar, context.now)
    return csv_answer("analytics", CSV_COLUMNS, _each(csv_rows(found)))


async def _each(rows: Iterable[list[str]]) -> AsyncIterator[list[str]]:
    for row in rows:
        yield row


async def _form(visit: Visit, asked: AskedReport, calendar: Calendar) -> dict[str, Any]:
    session, filters = visit.context.session, asked.filters
    return {
        "calendar": calendar,
        "filters": filters,
        "periods": [one.value for one in Period],
        "teams": (await teams.list_teams(session, Ask(200))).items,
        "services": (await services.list_services(session, Ask(200))).items,
        "ranges": _ranges(visit.context.now.date()),
        "query": urlencode(
            [
                ("from", calendar.span.first.isoformat()),
                ("to", calendar.span.last.isoformat()),
                ("period", calendar.period.value),
                *([("teamId", filters.team_id)] if filters.team_id else []),
                *([("serviceId", filters.service_id)] if filters.service_id else []),
                *([("imported", "true")] if filters.imported else []),
            ]
        ),
    }


def _ranges(today: date) -> list[tuple[str, str]]:
    """What people look at most: names and queries."""
    year, days = today.replace(month=1, day=1), today - timedelta(days=89)
    return [
        ("Last 12 months", ""),
        ("Last 90 days", f"from={days}&to={today}&period=week"),
        ("This year", f"from={year}&to={today}"),
        ("Last 5 years", f"from={year.replace(year=year.year - 4)}&to={today}&period=quarter"),
    ]


def page_link(link: ListLink) -> str:
    query = [*link.query, *([("show", "all")] if link.name is ListName.ACTION_ITEMS else [])]
    return f"/{link.name}?{urlencode(query)}"


def rate(value: float | None) -> str:
    return NOTHING if value is None else f"{value * 100:.0f}%"


def _days(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}".removesuffix(".0")


def _count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _tiles(found: Report) -> list[Tile]:
    metrics = found.metrics
    on_time, completion = metrics.items_on_time, metrics.completion

    def tile(name: str, key: str, one: Metric, written: Any, beside: str = "") -> Tile:
        return Tile(name, written(one.value), written(one.previous), beside, DEFINITIONS[key], page_link(one.link))

    return [
        tile("Postmortems created", "postmortemsCreated", metrics.created, _count),
        tile("Completion rate", "completionRate", completion, rate, _of(completion, "published")),
        tile("Average days to complete", "averageDaysToComplete", metrics.average_days, _days, _number(metrics)),
        tile("Median days to complete", "medianDaysToComplete", metrics.median_days, _days, _number(metrics)),
        tile("Action item completion", "actionItemCompletion", on_time, rate, _of(on_time, "on time")),
        tile("Overdue action items", "overdueItems", metrics.overdue, _count),
    ]


def _of(one: Metric, done: str) -> str:
    beside = f"{one.share.count:,} of {one.share.of:,} {done}" if one.share else ""
    return f"{beside}; {one.wont_do:,} won't be done" if one.wont_do else beside


def _number(metrics: Any) -> str:
    return f"{metrics.average_days.of:,} published"


def _charts(found: Report) -> list[Chart]:
    period = found.calendar.period

    def points(value: Any, written: Any, link: str) -> list[Point]:
        return [Point(one.span.first, number := value(one), written(number), one.links[link]) for one in found.steps]

    return [
        chart("created", "Postmortems created", points(_created, _count, "created"), period, _count),
        chart("completion", "Completion rate", points(_completion, rate, "created"), period, rate, most=1),
        chart("days", "Average days to complete", points(_average, _days, "published"), period, _days),
        chart("on-time", "Action item completion", points(_on_time, rate, "due"), period, rate, most=1),
        chart("overdue", "Overdue action items", points(_overdue, _count, "overdue"), period, _count),
    ]


def _has_something(one: Step) -> bool:
    counts = one.counts
    return bool(counts.created or counts.published.of or counts.on_time.of or counts.wont_do or counts.overdue)


def _created(one: Step) -> float | None:
    return one.counts.created


def _completion(one: Step) -> float | None:
    return one.counts.completed.rate


def _average(one: Step) -> float | None:
    return one.counts.published.average


def _on_time(one: Step) -> float | None:
    return one.counts.on_time.rate


def _overdue(one: Step) -> float | None:
    return one.counts.overdue

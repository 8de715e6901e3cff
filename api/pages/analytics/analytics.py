"""What was learned: metrics and trends, and how the process works."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Response

from api.files.analytics import report_csv
from api.pages.analytics.charts import Chart, Point, chart
from api.pages.routing import Visit, Visiting, router
from api.pages.showing import show
from api.shapes.analytics.asked import AskedReport, asked_report
from api.shapes.analytics.report import DEFINITIONS
from application.analytics.links import ListLink, ListName
from application.analytics.process import read_process
from application.analytics.report import Metric, Report, Step, report
from domain.analytics.periods import Calendar, Period
from models.queries.people import choices

routes = router()

NOTHING = "\N{EN DASH}"

Written = Callable[[float | None], str]
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
    found = await _report(visit, asked)
    return await show(
        visit,
        "analytics/analytics.html",
        **await _form(visit, asked, found.calendar),
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
    return report_csv(await _report(visit, asked))


async def _report(visit: Visit, asked: AskedReport) -> Report:
    context = visit.context
    calendar = asked.calendar(context.person.time_zone, context.now)
    return await report(context.session, context.viewer, asked.filters, calendar, context.now)


async def _form(visit: Visit, asked: AskedReport, calendar: Calendar) -> dict[str, Any]:
    session, filters = visit.context.session, asked.filters
    return {
        "calendar": calendar,
        "filters": filters,
        "periods": [one.value for one in Period],
        "teams": await choices.list_team_choices(session),
        "services": await choices.list_service_choices(session),
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

    def drawn(
        key: str, title: str, link: str, written: Written, values: Iterable[float | None], most: int = 0
    ) -> Chart:
        points = [
            Point(one.span.first, value, written(value), one.links[link])
            for one, value in zip(found.steps, values, strict=True)
        ]
        return chart(key, title, points, period, written, most=most)

    counts = [one.counts for one in found.steps]
    averages, on_time = [one.published.average for one in counts], [one.on_time.rate for one in counts]
    return [
        drawn("created", "Postmortems created", "created", _count, [one.created for one in counts]),
        drawn("completion", "Completion rate", "created", rate, [one.completed.rate for one in counts], most=1),
        drawn("days", "Average days to complete", "published", _days, averages),
        drawn("on-time", "Action item completion", "due", rate, on_time, most=1),
        drawn("overdue", "Overdue action items", "overdue", _count, [one.overdue for one in counts]),
    ]


def _has_something(one: Step) -> bool:
    counts = one.counts
    return bool(counts.created or counts.published.of or counts.on_time.of or counts.wont_do or counts.overdue)

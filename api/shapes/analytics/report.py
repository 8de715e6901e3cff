"""The report of metrics and trends, as JSON and as CSV."""

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from pydantic import Field

from api.shapes.base import Shape
from application.analytics.links import ListLink
from application.analytics.report import Metric, Report, Step, TeamTrend, Trend
from domain.analytics.numbers import Share
from domain.analytics.periods import Period

DEFINITIONS = {
    "postmortemsCreated": "Postmortems created in the period.",
    "completionRate": "Of the postmortems created in the period, the share that has ever been published.",
    "averageDaysToComplete": "Days from the incident's resolution (from creation if there's no incident) to the first"
    " publication, on average, of postmortems first published in the period.",
    "medianDaysToComplete": "The same days, as the median: half of the postmortems took less.",
    "actionItemCompletion": "Of the action items first due in the period, the share completed by the due date that was"
    " agreed first. A later due date doesn't improve it. Items that won't be done are left out.",
    "overdueItems": "Action items that were open and past due at the end of the period.",
}


class MetricOut(Shape):
    """A rate comes with ``count`` and ``of``, and an average with ``of``. ``previous`` is of the equally long span
    right before."""

    value: float | int | None
    previous: float | int | None
    link: str
    count: int | None = None
    of: int | None = None
    wont_do: int | None = None

    @classmethod
    def made_of(cls, one: Metric) -> "MetricOut":
        of = one.share.of if one.share else one.of
        count = one.share.count if one.share else None
        return cls(
            value=one.value,
            previous=one.previous,
            link=api_link(one.link),
            count=count,
            of=of,
            wont_do=one.wont_do,
        )


class MetricsOut(Shape):
    postmortems_created: MetricOut
    completion_rate: MetricOut
    average_days_to_complete: MetricOut
    median_days_to_complete: MetricOut
    action_item_completion: MetricOut
    overdue_items: MetricOut


class StepOut(Shape):
    """One period, from its first day ``start``."""

    start: date
    postmortems_created: int
    completion_rate: float | None
    average_days_to_complete: float | None
    action_item_completion: float | None
    overdue_items: int


class TrendOut(Shape):
    value: str
    count: int
    previous: int
    link: str


class ServiceTrendOut(Shape):
    id: str | None
    name: str
    count: int
    previous: int
    link: str


class TeamTrendOut(Shape):
    """``completionRate`` is the share of ``created`` that was ever ``published``, and ``onTime`` the share of the
    team's action items first due in the span that was completed by then."""

    id: str
    name: str
    created: int
    published: int
    completion_rate: float | None
    on_time: float | None
    link: str


class TrendsOut(Shape):
    root_causes: list[TrendOut]
    services: list[ServiceTrendOut]
    action_item_types: list[TrendOut]
    teams: list[TeamTrendOut]


class ReportOut(Shape):
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    period: Period
    time_zone: str
    metrics: MetricsOut
    series: list[StepOut]
    trends: TrendsOut


def report_out(report: Report) -> ReportOut:
    metrics, calendar = report.metrics, report.calendar
    return ReportOut(
        first=calendar.span.first,
        last=calendar.span.last,
        period=calendar.period,
        time_zone=calendar.time_zone,
        metrics=MetricsOut(
            postmortems_created=MetricOut.made_of(metrics.created),
            completion_rate=MetricOut.made_of(metrics.completion),
            average_days_to_complete=MetricOut.made_of(metrics.average_days),
            median_days_to_complete=MetricOut.made_of(metrics.median_days),
            action_item_completion=MetricOut.made_of(metrics.items_on_time),
            overdue_items=MetricOut.made_of(metrics.overdue),
        ),
        series=[_step(one) for one in report.steps],
        trends=TrendsOut(
            root_causes=[_trend(one) for one in report.causes],
            services=[_service(one) for one in report.services],
            action_item_types=[_trend(one) for one in report.types],
            teams=[_team(one) for one in report.teams],
        ),
    )


def api_link(link: ListLink) -> str:
    return f"/api/{link.name}?{urlencode(link.query)}"


def _step(one: Step) -> StepOut:
    counts = one.counts
    return StepOut(
        start=one.span.first,
        postmortems_created=counts.created,
        completion_rate=counts.completed.rate,
        average_days_to_complete=counts.published.average,
        action_item_completion=counts.on_time.rate,
        overdue_items=counts.overdue,
    )


def _trend(one: Trend) -> TrendOut:
    return TrendOut(value=one.value, count=one.count, previous=one.previous, link=api_link(one.link))


def _service(one: Trend) -> ServiceTrendOut:
    return ServiceTrendOut(id=one.id, name=one.value, count=one.count, previous=one.previous, link=api_link(one.link))


def _team(one: TeamTrend) -> TeamTrendOut:
    return TeamTrendOut(
        id=one.id,
        name=one.name,
        created=one.completed.of,
        published=one.completed.count,
        completion_rate=one.completed.rate,
        on_time=one.on_time.rate,
        link=api_link(one.link),
    )


CSV_COLUMNS = ("section", "name", "start", "value", "previous", "count", "of")


def csv_rows(report: Report) -> Iterator[list[str]]:
    """One number a row: the metrics, each of them by period, and the trends."""
    out = report_out(report)
    for name in DEFINITIONS:
        metric: MetricOut = getattr(out.metrics, _snake(name))
        yield _cells("metric", name, out.first, metric.value, metric.previous, metric.count, metric.of)
    for step in report.steps:
        yield from _step_rows(step)
    for section, trends in (("rootCause", report.causes), ("service", report.services), ("type", report.types)):
        for one in trends:
            yield _cells(section, one.value, out.first, one.count, one.previous)
    for team in report.teams:
        yield _share_cells("team.completionRate", team.name, out.first, team.completed)
        yield _share_cells("team.onTime", team.name, out.first, team.on_time)


def _step_rows(step: Step) -> Iterator[list[str]]:
    counts, start = step.counts, step.span.first
    yield _cells("period", "postmortemsCreated", start, counts.created)
    yield _share_cells("period", "completionRate", start, counts.completed)
    yield _cells("period", "averageDaysToComplete", start, counts.published.average, None, None, counts.published.of)
    yield _share_cells("period", "actionItemCompletion", start, counts.on_time)
    yield _cells("period", "overdueItems", start, counts.overdue)


def _share_cells(section: str, name: str, start: date, share: Share) -> list[str]:
    return _cells(section, name, start, share.rate, None, share.count, share.of)


def _cells(section: str, name: str, start: date, *numbers: float | int | None) -> list[str]:
    cells = ["" if one is None else f"{one:.4f}".rstrip("0").rstrip(".") for one in numbers]
    return [section, name, start.isoformat(), *cells, *[""] * (len(CSV_COLUMNS) - 3 - len(cells))]


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)

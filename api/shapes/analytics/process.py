"""The report of how the process works."""

from datetime import date, datetime

from pydantic import Field

from api.shapes.analytics.report import api_link
from api.shapes.base import Shape
from application.analytics.process import Process


class PhaseOut(Shape):
    """``name`` is the target that ends it. The days of each phase begin where the phase before it ended."""

    name: str
    of: int
    average_days: float | None
    median_days: float | None
    link: str


class TargetCountOut(Shape):
    """Of the postmortems created in the span: ``of`` weren't waived, and ``slipped`` of those were met too late, or
    missed."""

    name: str
    of: int
    slipped: int
    waived: int
    extended: int
    link: str


class RecurringOut(Shape):
    """``count`` postmortems with this cause were created after ``since``, when all action items of an earlier one
    were done."""

    value: str
    since: datetime
    count: int
    link: str


class FunnelStepOut(Shape):
    """Action items created in the span: all, those with a ticket, those that are completed."""

    name: str
    count: int
    previous: int
    link: str


class AgeOut(Shape):
    """Action items open at the end of the span, for at least ``fromDays`` and less than ``toDays``."""

    from_days: int
    to_days: int | None
    count: int
    link: str


class ProcessOut(Shape):
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    time_zone: str
    phases: list[PhaseOut]
    targets: list[TargetCountOut]
    recurring_causes: list[RecurringOut]
    action_item_funnel: list[FunnelStepOut]
    open_items_by_age: list[AgeOut]


def process_out(one: Process) -> ProcessOut:
    return ProcessOut(
        first=one.calendar.span.first,
        last=one.calendar.span.last,
        time_zone=one.calendar.time_zone,
        phases=[
            PhaseOut(name=p.name, of=p.of, average_days=p.average, median_days=p.median, link=api_link(p.link))
            for p in one.phases
        ],
        targets=[
            TargetCountOut(
                name=t.name, of=t.of, slipped=t.slipped, waived=t.waived, extended=t.extended, link=api_link(t.link)
            )
            for t in one.targets
        ],
        recurring_causes=[
            RecurringOut(value=r.value, since=r.since, count=r.count, link=api_link(r.link)) for r in one.recurring
        ],
        action_item_funnel=[
            FunnelStepOut(name=f.name, count=f.count, previous=f.previous, link=api_link(f.link)) for f in one.funnel
        ],
        open_items_by_age=[
            AgeOut(from_days=a.from_days, to_days=a.to_days, count=a.count, link=api_link(a.link)) for a in one.ages
        ],
    )

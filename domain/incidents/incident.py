"""Incidents as their sources report them, and as the reports add up.

All instants are aware and in UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

AHEAD = timedelta(days=1)
"""How far a named instant may be ahead of its receipt: as far as a wrong time zone makes it."""


class Urgency(StrEnum):
    HIGH = "HIGH"
    LOW = "LOW"


class IncidentStatus(StrEnum):
    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"

    @property
    def rank(self) -> int:
        return list(IncidentStatus).index(self)


class OrderedBy(StrEnum):
    """Whose times order a report among others."""

    SENDER = "SENDER"
    RECEIPT = "RECEIPT"
    PERSON = "PERSON"
    """A person changes the incident now: after everything that was reported before, in either order."""


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """One moment of an incident, as its source describes it."""

    at: datetime
    event: str
    actor: str | None = None

    @property
    def order(self) -> tuple[datetime, str, bool, str]:
        return self.at, self.event, self.actor is not None, self.actor or ""


@dataclass(frozen=True, slots=True)
class Responder:
    email: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """What one event or request reports about an incident. None, or an empty tuple, says nothing.

    ``occurred_at`` is the report's place in the order of reports: the sender's own time of it, or ours of receipt if
    the sender gives none (``ordered_by``). ``received_at`` is when it arrived. One that ``corrects`` replaces the
    earliest start and acknowledgement by its own. A RESOLVED one without ``resolved_at`` says that the incident is
    resolved by ``occurred_at``. ``acknowledged_by`` is the e-mail address of the person who acknowledged at
    ``acknowledged_at``. ``resolved_by_machine`` is what a source can see of an automatic resolution; ``auto_resolved``
    is a person's or a tool's own judgement and wins. ``merged`` says that another incident took this one over.
    ``left_out`` counts the entries that were too incomplete to use.
    """

    source: str
    external_id: str
    occurred_at: datetime
    received_at: datetime | None = None
    corrects: bool = False
    event_id: str | None = None
    title: str | None = None
    description: str | None = None
    urgency: Urgency | None = None
    status: IncidentStatus | None = None
    started_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    services: tuple[str, ...] = ()
    team_id: str | None = None
    responders: tuple[Responder, ...] = ()
    url: str | None = None
    customer_impact: bool | None = None
    data_loss: bool | None = None
    security: bool | None = None
    false_positive: bool | None = None
    auto_resolved: bool | None = None
    resolved_by_machine: bool | None = None
    merged: bool | None = None
    near_miss: bool | None = None
    timeline: tuple[TimelineMark, ...] = ()
    left_out: int = 0
    ordered_by: OrderedBy = OrderedBy.SENDER

    @property
    def order_at(self) -> datetime:
        """Its place in the order of reports. A sender's clock that is ahead never counts for more than ours."""
        return min(self.occurred_at, self.received_at or self.occurred_at)

    def believed(self, named: datetime | None) -> datetime | None:
        """An instant that the report names. What can't have happened yet, in any time zone, happened by its receipt."""
        if named is None or self.received_at is None or named <= self.received_at + AHEAD:
            return named
        return self.received_at


@dataclass(frozen=True, slots=True)
class Span:
    """When something began and ended; None is not known, or not yet."""

    started_at: datetime | None
    resolved_at: datetime | None

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None or self.resolved_at is None:
            return None
        return max(self.resolved_at - self.started_at, timedelta())

    @property
    def minutes(self) -> int | None:
        """Whole minutes, rounded down."""
        return None if self.duration is None else self.duration // timedelta(minutes=1)


def covering(spans: Iterable[Span]) -> Span:
    """From the first start to the last resolution; not over while one of them is not."""
    known = list(spans)
    starts = [span.started_at for span in known if span.started_at is not None]
    ends = [span.resolved_at for span in known if span.resolved_at is not None]
    return Span(min(starts, default=None), max(ends) if known and len(ends) == len(known) else None)


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as its reports add up; the contract's shape. Flags that no report named are false, urgency is LOW."""

    source: str
    external_id: str
    title: str
    description: str | None
    urgency: Urgency
    status: IncidentStatus
    started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    services: tuple[str, ...]
    team_id: str | None
    responders: tuple[Responder, ...]
    url: str | None
    customer_impact: bool
    data_loss: bool
    security: bool
    false_positive: bool
    auto_resolved: bool
    merged: bool
    near_miss: bool
    timeline: tuple[TimelineMark, ...]

    @property
    def span(self) -> Span:
        return Span(self.started_at, self.resolved_at)

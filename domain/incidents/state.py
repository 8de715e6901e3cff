"""What the reports of one incident add up to.

Reports arrive late, twice and out of order. An :class:`IncidentState` therefore only ever gains facts (a join
semilattice): :func:`merge` gives the same state for any order and any repetition of the same reports, and :func:`join`
combines two states that were built apart. :meth:`IncidentState.incident` reads it as plain values.

What decides, field by field:

- a text or a flag: the report that is about the latest instant (``occurred_at``), then the one received last, then
  the greater value. None says nothing: it never takes back an earlier value;
- ``started_at`` and ``acknowledged_at``: the latest correction, else the earliest instant that was reported, since a
  second acknowledgement is not the first;
- ``status``: the report of the latest instant; of two at one instant OPEN < ACKNOWLEDGED < RESOLVED;
- ``resolved_at``: what the latest report that named it says, unless the incident was reopened since; else the first
  report after the last reopening that found the incident resolved: a report that repeats it later does not lengthen
  the incident. None while reopened;
- services, responders (by lower-cased e-mail) and timeline entries: unions, in the order in which they were reported.

All instants are aware and in UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from domain.incidents import merging
from domain.incidents.incident import Incident, IncidentReport, IncidentStatus, Responder, Span, TimelineMark, Urgency
from domain.incidents.merging import NEVER, Mention, Moment, Register

AT_ONCE = timedelta(hours=1)
"""A machine's resolution counts as immediate within this time of the start, and before anyone has acknowledged."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The latest report that found the incident OPEN or ACKNOWLEDGED."""

    at: datetime
    status: IncidentStatus

    @property
    def order(self) -> tuple[datetime, int]:
        return self.at, self.status.rank


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The earliest acknowledgement, and whose it was if a report says so."""

    at: datetime
    by: str | None

    @property
    def order(self) -> tuple[datetime, bool, str]:
        return self.at, self.by is None, self.by or ""


@dataclass(frozen=True, slots=True)
class IncidentState:
    """Everything reported of one incident so far. Built by :func:`merge`; stored as JSON; read by :meth:`incident`.

    ``said`` holds texts and flags, by name. ``resolved`` is from the latest report that named the instant of
    resolution, ``found_resolved`` are the instants of those that did not. ``restarted`` and ``reacknowledged`` are
    corrections.
    """

    source: str
    external_id: str
    first_told_at: datetime
    said: Mapping[str, Register] = field(default_factory=dict)
    started_at: datetime | None = None
    acknowledged: Acknowledged | None = None
    unresolved: Unresolved | None = None
    resolved: Moment | None = None
    found_resolved: tuple[datetime, ...] = ()
    restarted: Moment | None = None
    reacknowledged: Moment | None = None
    services: tuple[Mention, ...] = ()
    responders: tuple[Mention, ...] = ()
    timeline: tuple[TimelineMark, ...] = ()

    def incident(self) -> Incident:
        resolved_at = self._resolved_at()
        return Incident(
            source=self.source,
            external_id=self.external_id,
            title=self._text("title") or f"Incident {self.external_id}",
            description=self._text("description"),
            urgency=Urgency(self._text("urgency") or Urgency.LOW),
            status=self._status(resolved_at),
            started_at=self._started_at(),
            acknowledged_at=self._acknowledged_at(),
            acknowledged_by=self.acknowledged.by if self.acknowledged else None,
            resolved_at=resolved_at,
            services=tuple(one.key for one in self.services),
            team_id=self._text("team_id"),
            responders=tuple(_responder(one) for one in self.responders),
            url=self._text("url"),
            customer_impact=self._flag("customer_impact"),
            data_loss=self._flag("data_loss"),
            security=self._flag("security"),
            false_positive=self._flag("false_positive"),
            auto_resolved=self._auto_resolved(resolved_at),
            merged=self._flag("merged"),
            near_miss=self._flag("near_miss"),
            timeline=self.timeline,
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values only; :meth:`from_json` gives an equal state back."""
        return {name: merging.to_json(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            source=kept["source"],
            external_id=kept["external_id"],
            first_told_at=merging.instant(kept["first_told_at"]),
            said={name: merging.register(one) for name, one in kept["said"].items()},
            started_at=merging.maybe(merging.instant, kept["started_at"]),
            acknowledged=merging.maybe(_acknowledged, kept["acknowledged"]),
            unresolved=merging.maybe(_unresolved, kept["unresolved"]),
            resolved=merging.maybe(merging.moment, kept["resolved"]),
            restarted=merging.maybe(merging.moment, kept["restarted"]),
            reacknowledged=merging.maybe(merging.moment, kept["reacknowledged"]),
            found_resolved=tuple(merging.instant(at) for at in kept["found_resolved"]),
            services=tuple(merging.mention(one) for one in kept["services"]),
            responders=tuple(merging.mention(one) for one in kept["responders"]),
            timeline=tuple(_mark(one) for one in kept["timeline"]),
        )

    def _text(self, name: str) -> str | None:
        return str(self.said[name].value) if name in self.said else None

    def _flag(self, name: str) -> bool:
        return name in self.said and self.said[name].value is True

    def _started_at(self) -> datetime:
        return self.restarted.value if self.restarted else self.started_at or self.first_told_at

    def _acknowledged_at(self) -> datetime | None:
        if self.reacknowledged:
            return self.reacknowledged.value
        return self.acknowledged.at if self.acknowledged else None

    def _resolved_at(self) -> datetime | None:
        reopened_at = self.unresolved.at if self.unresolved else NEVER
        if self.resolved and self.resolved.at >= reopened_at:
            return self.resolved.value
        return min(self.found_resolved, default=None)

    def _status(self, resolved_at: datetime | None) -> IncidentStatus:
        if resolved_at is not None:
            return IncidentStatus.RESOLVED
        return self.unresolved.status if self.unresolved else IncidentStatus.OPEN

    def _auto_resolved(self, resolved_at: datetime | None) -> bool:
        if "auto_resolved" in self.said:
            return self._flag("auto_resolved")
        duration = Span(self._started_at(), resolved_at).duration
        by_machine = self._flag("resolved_by_machine") and self.acknowledged is None
        return by_machine and duration is not None and duration <= AT_ONCE


def merge(state: IncidentState | None, report: IncidentReport) -> IncidentState:
    """Adds a report to a state; None for the first report of an incident."""
    reported = _state_of(report)
    return reported if state is None else join(state, reported)


def join(one: IncidentState, other: IncidentState) -> IncidentState:
    """What two states of the same incident say together. Commutative, associative, idempotent."""
    if (one.source, one.external_id) != (other.source, other.external_id):
        raise ValueError(f"two incidents: {one.source} {one.external_id}, {other.source} {other.external_id}")
    unresolved = merging.latest(one.unresolved, other.unresolved)
    return IncidentState(
        source=one.source,
        external_id=one.external_id,
        first_told_at=min(one.first_told_at, other.first_told_at),
        said=merging.last_words(one.said, other.said),
        started_at=min((at for at in (one.started_at, other.started_at) if at), default=None),
        acknowledged=merging.earliest(one.acknowledged, other.acknowledged),
        unresolved=unresolved,
        resolved=merging.latest(one.resolved, other.resolved),
        restarted=merging.latest(one.restarted, other.restarted),
        reacknowledged=merging.latest(one.reacknowledged, other.reacknowledged),
        found_resolved=_not_reopened(unresolved, {*one.found_resolved, *other.found_resolved}),
        services=merging.mentioned(one.services + other.services),
        responders=merging.mentioned(one.responders + other.responders),
        timeline=_marks(one.timeline + other.timeline),
    )


# One report as a state

_REGISTERED = (
    "title",
    "description",
    "urgency",
    "team_id",
    "url",
    "customer_impact",
    "data_loss",
    "security",
    "false_positive",
    "auto_resolved",
    "resolved_by_machine",
    "merged",
    "near_miss",
)


def _state_of(report: IncidentReport) -> IncidentState:
    at, received_at = report.occurred_at, report.received_at
    unresolved, resolved, found_resolved = _reported_status(report)
    return IncidentState(
        source=report.source,
        external_id=report.external_id,
        first_told_at=at,
        said={
            name: Register(value, at, received_at)
            for name in _REGISTERED
            if (value := getattr(report, name)) is not None
        },
        started_at=report.started_at,
        acknowledged=_reported_acknowledgement(report),
        unresolved=unresolved,
        resolved=resolved,
        found_resolved=found_resolved,
        restarted=_moment(report.started_at, report) if report.corrects else None,
        reacknowledged=_moment(report.acknowledged_at, report) if report.corrects else None,
        services=merging.mentioned([Mention(name, at, place) for place, name in enumerate(report.services)]),
        responders=merging.mentioned(
            [
                Mention(one.email.lower(), at, place, Register(one.name, at, received_at) if one.name else None)
                for place, one in enumerate(report.responders)
            ]
        ),
        timeline=_marks(report.timeline),
    )


def _reported_acknowledgement(report: IncidentReport) -> Acknowledged | None:
    by = report.acknowledged_by.lower() if report.acknowledged_by else None
    return Acknowledged(report.acknowledged_at, by) if report.acknowledged_at else None


def _moment(named: datetime | None, report: IncidentReport) -> Moment | None:
    return Moment(named, report.occurred_at, report.received_at) if named else None


_ReportedStatus = tuple[Unresolved | None, Moment | None, tuple[datetime, ...]]


def _reported_status(report: IncidentReport) -> _ReportedStatus:
    """A status, or an instant that implies one: a bare ``acknowledged_at`` claims no more than that instant."""
    at = report.occurred_at
    if report.status in {IncidentStatus.RESOLVED, None} and report.resolved_at:
        return None, _moment(report.resolved_at, report), ()
    if report.status is IncidentStatus.RESOLVED:
        return None, None, (at,)
    if report.status:
        return Unresolved(at, report.status), None, ()
    if report.acknowledged_at:
        return Unresolved(report.acknowledged_at, IncidentStatus.ACKNOWLEDGED), None, ()
    return None, None, ()


def _not_reopened(unresolved: Unresolved | None, found_resolved: Iterable[datetime]) -> tuple[datetime, ...]:
    """Of the instants at which the incident was found resolved, those that no later report undid."""
    reopened_at = unresolved.at if unresolved else NEVER
    return tuple(sorted({at for at in found_resolved if at >= reopened_at}))


def _marks(marks: Iterable[TimelineMark]) -> tuple[TimelineMark, ...]:
    return tuple(sorted(set(marks), key=lambda mark: mark.order))


def _responder(mention: Mention) -> Responder:
    return Responder(mention.key, str(mention.name.value) if mention.name else None)


# One kept as JSON


def _acknowledged(kept: Mapping[str, Any]) -> Acknowledged:
    return Acknowledged(merging.instant(kept["at"]), kept["by"])


def _unresolved(kept: Mapping[str, Any]) -> Unresolved:
    return Unresolved(merging.instant(kept["at"]), IncidentStatus(kept["status"]))


def _mark(kept: Mapping[str, Any]) -> TimelineMark:
    return TimelineMark(merging.instant(kept["at"]), kept["event"], kept["actor"])

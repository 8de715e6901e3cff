"""What the reports of one incident add up to.

Reports arrive late, twice and out of order. An :class:`IncidentState` therefore only ever gains facts (a join
semilattice): :func:`merge` gives the same state for any order and any repetition of the same reports, and :func:`join`
combines two states that were built apart. :meth:`IncidentState.incident` reads it as plain values.

Reports are ordered by the sender's own time of each, or else by when we received it (``domain.incidents.track``); never
by the instants that they name. What decides, field by field:

- a text or a flag: the latest report, then the one received last, then the greater value. None says nothing: it never
  takes back an earlier value;
- ``started_at`` and ``acknowledged_at``: the latest correction, else the earliest instant that was reported, since a
  second acknowledgement is not the first;
- ``status``: the latest report; of two at one instant OPEN < ACKNOWLEDGED < RESOLVED. An instant without a status
  implies one: a resolution resolves, an acknowledgement acknowledges what is open and reopens nothing;
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
from domain.incidents.incident import Incident, IncidentReport, OrderedBy, Responder, Span, TimelineMark, Urgency
from domain.incidents.merging import Mention, Moment, Register
from domain.incidents.track import Track, status_of, text_of
from domain.people.service_names import service_key

AT_ONCE = timedelta(hours=1)
"""A machine's resolution counts as immediate within this time of the start, and before anyone has acknowledged."""


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

    ``by_sender`` and ``by_receipt`` hold status, texts and flags. ``first_told_at`` is the earliest instant that a
    report was made at or named. ``restarted`` and ``reacknowledged`` are corrections.
    """

    source: str
    external_id: str
    first_told_at: datetime
    by_sender: Track = field(default_factory=Track)
    by_receipt: Track = field(default_factory=Track)
    started_at: datetime | None = None
    acknowledged: Acknowledged | None = None
    restarted: Moment | None = None
    reacknowledged: Moment | None = None
    services: tuple[Mention, ...] = ()
    responders: tuple[Mention, ...] = ()
    timeline: tuple[TimelineMark, ...] = ()

    def incident(self) -> Incident:
        finding = status_of(self.by_sender, self.by_receipt)
        return Incident(
            source=self.source,
            external_id=self.external_id,
            title=self._text("title") or f"Incident {self.external_id}",
            description=self._text("description"),
            urgency=Urgency(self._text("urgency") or Urgency.LOW),
            status=finding.status,
            started_at=self._started_at(),
            acknowledged_at=self._acknowledged_at(),
            acknowledged_by=self.acknowledged.by if self.acknowledged else None,
            resolved_at=finding.resolved_at,
            services=_service_names(self.services),
            team_id=self._text("team_id"),
            responders=tuple(_responder(one) for one in self.responders),
            url=self._text("url"),
            customer_impact=self._flag("customer_impact"),
            data_loss=self._flag("data_loss"),
            security=self._flag("security"),
            false_positive=self._flag("false_positive"),
            auto_resolved=self._auto_resolved(finding.resolved_at),
            merged=self._flag("merged"),
            near_miss=self._flag("near_miss"),
            timeline=self.timeline,
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values only; :meth:`from_json` gives an equal state back."""
        kept = {name: merging.to_json(value) for name, value in asdict(self).items()}
        return {**kept.pop("by_sender"), **kept}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            source=kept["source"],
            external_id=kept["external_id"],
            first_told_at=merging.instant(kept["first_told_at"]),
            by_sender=Track.from_json(kept),
            by_receipt=Track.from_json(kept["by_receipt"]) if "by_receipt" in kept else Track(),
            started_at=merging.maybe(merging.instant, kept["started_at"]),
            acknowledged=merging.maybe(_acknowledged, kept["acknowledged"]),
            restarted=merging.maybe(merging.moment, kept["restarted"]),
            reacknowledged=merging.maybe(merging.moment, kept["reacknowledged"]),
            services=tuple(merging.mention(one) for one in kept["services"]),
            responders=tuple(merging.mention(one) for one in kept["responders"]),
            timeline=tuple(_mark(one) for one in kept["timeline"]),
        )

    def _text(self, name: str) -> str | None:
        value = text_of(self.by_sender, self.by_receipt, name)
        return None if value is None else str(value)

    def _flag(self, name: str) -> bool:
        return text_of(self.by_sender, self.by_receipt, name) is True

    def _started_at(self) -> datetime:
        return self.restarted.value if self.restarted else self.started_at or self.first_told_at

    def _acknowledged_at(self) -> datetime | None:
        if self.reacknowledged:
            return self.reacknowledged.value
        return self.acknowledged.at if self.acknowledged else None

    def _auto_resolved(self, resolved_at: datetime | None) -> bool:
        if self._text("auto_resolved") is not None:
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
    return IncidentState(
        source=one.source,
        external_id=one.external_id,
        first_told_at=min(one.first_told_at, other.first_told_at),
        by_sender=one.by_sender.join(other.by_sender),
        by_receipt=one.by_receipt.join(other.by_receipt),
        started_at=min((at for at in (one.started_at, other.started_at) if at), default=None),
        acknowledged=merging.earliest(one.acknowledged, other.acknowledged),
        restarted=merging.latest(one.restarted, other.restarted),
        reacknowledged=merging.latest(one.reacknowledged, other.reacknowledged),
        services=merging.mentioned(one.services + other.services),
        responders=merging.mentioned(one.responders + other.responders),
        timeline=_marks(one.timeline + other.timeline),
    )


# One report as a state


def _state_of(report: IncidentReport) -> IncidentState:
    at, received_at, track = report.order_at, report.received_at, Track.of(report)
    started_at, acknowledged_at = report.believed(report.started_at), report.believed(report.acknowledged_at)
    named = [acknowledged_at, report.believed(report.resolved_at), *(mark.at for mark in report.timeline)]
    return IncidentState(
        source=report.source,
        external_id=report.external_id,
        first_told_at=min([at, *(one for one in named if one)]),
        by_sender=Track() if report.ordered_by is OrderedBy.RECEIPT else track,
        by_receipt=Track() if report.ordered_by is OrderedBy.SENDER else track,
        started_at=started_at,
        acknowledged=_reported_acknowledgement(report),
        restarted=_moment(started_at, report) if report.corrects else None,
        reacknowledged=_moment(acknowledged_at, report) if report.corrects else None,
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
    at = report.believed(report.acknowledged_at)
    return Acknowledged(at, by) if at else None


def _moment(named: datetime | None, report: IncidentReport) -> Moment | None:
    return Moment(named, report.order_at, report.received_at) if named else None


def _marks(marks: Iterable[TimelineMark]) -> tuple[TimelineMark, ...]:
    return tuple(sorted(set(marks), key=lambda mark: mark.order))


def _service_names(mentions: Iterable[Mention]) -> tuple[str, ...]:
    """One spelling of each service, the first."""
    named: dict[str, str] = {}
    for one in mentions:
        named.setdefault(service_key(one.key), one.key)
    return tuple(named.values())


def _responder(mention: Mention) -> Responder:
    return Responder(mention.key, str(mention.name.value) if mention.name else None)


# One kept as JSON


def _acknowledged(kept: Mapping[str, Any]) -> Acknowledged:
    return Acknowledged(merging.instant(kept["at"]), kept["by"])


def _mark(kept: Mapping[str, Any]) -> TimelineMark:
    return TimelineMark(merging.instant(kept["at"]), kept["event"], kept["actor"])

"""What reports with one kind of order say about an incident's status, texts and flags.

A sender's own times order only the reports that have one; receipt orders the others. So a state has two tracks, each a
join semilattice, and where both know something, the report that we received later decides. A person's change is in
both: it wins over every report before it in either order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from domain.incidents import merging
from domain.incidents.incident import IncidentReport, IncidentStatus
from domain.incidents.merging import NEVER, Moment, Register

REGISTERED = (
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


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The latest report that found the incident OPEN or ACKNOWLEDGED."""

    at: datetime
    status: IncidentStatus
    received_at: datetime | None = None

    @property
    def order(self) -> tuple[datetime, int, datetime]:
        return self.at, self.status.rank, self.received_at or NEVER


@dataclass(frozen=True, slots=True)
class Finding:
    """The status that a track comes to, and when the report that decided it was received."""

    received_at: datetime
    status: IncidentStatus
    resolved_at: datetime | None = None
    found: tuple[Moment, ...] = ()
    """The reports that found the incident resolved, if that is all that is known of its end."""
    is_implied: bool = False
    """An acknowledgement that a report named without a status."""


@dataclass(frozen=True, slots=True)
class Track:
    """``said`` holds texts and flags, by name. ``resolved`` is from the latest report that named the end,
    ``found_resolved`` are from those that did not, ``acknowledged_since`` is from the latest one that named an
    acknowledgement and no status.
    """

    said: Mapping[str, Register] = field(default_factory=dict)
    unresolved: Unresolved | None = None
    resolved: Moment | None = None
    found_resolved: tuple[Moment, ...] = ()
    acknowledged_since: Moment | None = None

    @classmethod
    def of(cls, report: IncidentReport) -> Self:
        at, received_at = report.order_at, report.received_at
        words = ((name, getattr(report, name)) for name in REGISTERED)
        said = {name: Register(value, at, received_at) for name, value in words if value is not None}
        resolved_at = report.believed(report.resolved_at)
        acknowledged_at = report.believed(report.acknowledged_at)
        if report.status not in {None, IncidentStatus.RESOLVED}:
            return cls(said, unresolved=Unresolved(at, IncidentStatus(report.status or ""), received_at))
        if resolved_at:
            return cls(said, resolved=Moment(resolved_at, at, received_at))
        if report.status is IncidentStatus.RESOLVED:
            return cls(said, found_resolved=(Moment(at, at, received_at),))
        return cls(said, acknowledged_since=Moment(acknowledged_at, at, received_at) if acknowledged_at else None)

    def join(self, other: Self) -> Self:
        unresolved = merging.latest(self.unresolved, other.unresolved)
        return type(self)(
            said=merging.last_words(self.said, other.said),
            unresolved=unresolved,
            resolved=merging.latest(self.resolved, other.resolved),
            found_resolved=_not_reopened(unresolved, {*self.found_resolved, *other.found_resolved}),
            acknowledged_since=merging.latest(self.acknowledged_since, other.acknowledged_since),
        )

    def finding(self) -> Finding | None:
        """None if no report says anything about the status."""
        opened = self.unresolved
        opened_at = opened.at if opened else NEVER
        if self.resolved and self.resolved.at >= opened_at:
            return Finding(_received(self.resolved), IncidentStatus.RESOLVED, self.resolved.value)
        if self.found_resolved:
            found = self.found_resolved
            last = min(_received(one) for one in found if one.at == found[-1].at)
            return Finding(last, IncidentStatus.RESOLVED, found[0].value, found)
        if self.acknowledged_since and self.acknowledged_since.at >= opened_at:
            return Finding(_received(self.acknowledged_since), IncidentStatus.ACKNOWLEDGED, is_implied=True)
        return Finding(opened.received_at or NEVER, opened.status) if opened else None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            said={name: merging.register(one) for name, one in kept["said"].items()},
            unresolved=merging.maybe(_unresolved, kept["unresolved"]),
            resolved=merging.maybe(merging.moment, kept["resolved"]),
            found_resolved=tuple(_found(one) for one in kept["found_resolved"]),
            acknowledged_since=merging.maybe(merging.moment, kept.get("acknowledged_since")),
        )


def status_of(by_sender: Track, by_receipt: Track) -> Finding:
    """What both tracks say together."""
    found = sorted((one for one in (by_sender.finding(), by_receipt.finding()) if one), key=lambda one: one.received_at)
    if not found:
        return Finding(NEVER, IncidentStatus.OPEN)
    before, last = found[0], found[-1]
    if before.status is IncidentStatus.RESOLVED and (last.found or last.is_implied):
        return before
    since = [one.value for one in last.found if _received(one) > before.received_at]
    return replace(last, resolved_at=min(since)) if since else last


def text_of(by_sender: Track, by_receipt: Track, name: str) -> str | bool | None:
    """The last word on a text or a flag; None if no report says anything about it."""
    known = [one for one in (by_sender.said.get(name), by_receipt.said.get(name)) if one]
    last = max(known, key=lambda one: (one.received_at or NEVER, one.order), default=None)
    return last.value if last else None


def _not_reopened(unresolved: Unresolved | None, found_resolved: Iterable[Moment]) -> tuple[Moment, ...]:
    """Of the reports that found the incident resolved, those that no later report undid."""
    reopened_at = unresolved.at if unresolved else NEVER
    return tuple(sorted((one for one in found_resolved if one.at >= reopened_at), key=lambda one: one.order))


def _received(moment: Moment) -> datetime:
    return moment.received_at or NEVER


def _unresolved(kept: Mapping[str, Any]) -> Unresolved:
    received_at = merging.maybe(merging.instant, kept.get("received_at"))
    return Unresolved(merging.instant(kept["at"]), IncidentStatus(kept["status"]), received_at)


def _found(kept: Any) -> Moment:
    """Earlier versions kept the instant alone."""
    if isinstance(kept, str):
        return Moment(merging.instant(kept), merging.instant(kept), None)
    return merging.moment(kept)

"""The phases of an incident: what is known of when it started, was acknowledged, mitigated and resolved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Phase(StrEnum):
    """Named after the instant that begins it."""

    STARTED = "started"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"

    @property
    def name_of_start(self) -> str:
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Phases:
    """None is not known, or not yet."""

    started_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None

    def instants(self) -> list[tuple[Phase, datetime]]:
        """Those that are known, in the order of the phases. One that contradicts this order is left out."""
        known: list[tuple[Phase, datetime]] = []
        for phase, at in zip(
            Phase, (self.started_at, self.acknowledged_at, self.mitigated_at, self.resolved_at), strict=True
        ):
            if at is not None and (not known or at >= known[-1][1]):
                known.append((phase, at))
        return known

    def during(self, phase: Phase) -> str:
        """What is true until the next phase begins."""
        match phase:
            case Phase.STARTED:
                return "Not acknowledged" if self.acknowledged_at else "Open"
            case Phase.ACKNOWLEDGED:
                return "Being worked on"
            case Phase.MITIGATED:
                return "Mitigated, not resolved"
            case Phase.RESOLVED:
                return "Resolved"

    def spans(self) -> list[tuple[Phase, datetime, datetime | None]]:
        """Each phase until the next one begins; None is not over yet. Resolved is the end, not a phase that lasts."""
        known = self.instants()
        ends: list[datetime | None] = [*(at for _, at in known[1:]), None][: len(known)]
        return [(phase, at, end) for (phase, at), end in zip(known, ends, strict=True) if phase is not Phase.RESOLVED]


class Reported(Protocol):
    """What an incident's reports add up to."""

    @property
    def started_at(self) -> datetime: ...

    @property
    def acknowledged_at(self) -> datetime | None: ...

    @property
    def resolved_at(self) -> datetime | None: ...


def phases_of(incidents: Sequence[Reported], mitigations: Iterable[datetime]) -> Phases:
    """The phases of these incidents together. ``mitigations`` are the instants of events of the type MITIGATION.

    The first of them after the start counts. All is resolved when the last incident is.
    """
    if not incidents:
        return Phases()
    started = min(one.started_at for one in incidents)
    acknowledged = [one.acknowledged_at for one in incidents if one.acknowledged_at]
    ends = [one.resolved_at for one in incidents if one.resolved_at]
    resolved = max(ends) if len(ends) == len(incidents) else None
    mitigated = [one for one in mitigations if one >= started and (resolved is None or one <= resolved)]
    return Phases(started, min(acknowledged, default=None), min(mitigated, default=None), resolved)

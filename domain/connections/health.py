"""The health of a connection: what counts as an error, and how much of its error budget is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

OBJECTIVE = 0.99
"""Of all attempts, over the longest window."""
WINDOWS: Sequence[timedelta] = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
"""Shortest first."""
ERRORS = frozenset({"retry", "refused", "failed"})
"""Results in the sync log that count as errors. All others are successes, including those that changed nothing."""
EXPIRES_SOON = timedelta(days=3)


class ConnectionState(StrEnum):
    """The state of a connection. UNTESTED: nothing has shown yet that its credentials work."""

    OK = "ok"
    UNTESTED = "untested"
    PAUSED = "paused"
    NEEDS_ATTENTION = "needs_attention"
    DISCONNECTED = "disconnected"


class RegistrationState(StrEnum):
    """The state of our webhook at the vendor. NONE: we did not register one, though a person may have."""

    NONE = "none"
    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Window:
    """Attempts and errors among them over the last ``hours``."""

    hours: int
    attempts: int
    errors: int

    @property
    def burn(self) -> float:
        """How fast the budget is used: 1 uses it up exactly over the longest window."""
        return (self.errors / self.attempts) / (1 - OBJECTIVE) if self.attempts else 0.0


@dataclass(frozen=True, slots=True)
class Budget:
    """``windows``, shortest first."""

    windows: Sequence[Window]

    @property
    def left(self) -> float:
        """The share of the error budget that is left over the longest window, from 1 down to 0."""
        return max(0.0, round(1 - self.windows[-1].burn, 4)) if self.windows else 1.0


def registration_state(is_there: bool, expires_at: datetime | None, now: datetime) -> RegistrationState:
    if not is_there:
        return RegistrationState.NONE
    if expires_at is None or expires_at > now + EXPIRES_SOON:
        return RegistrationState.ACTIVE
    return RegistrationState.EXPIRING if expires_at > now else RegistrationState.EXPIRED


def connection_state(*, enabled: bool, disconnected: bool, troubled: bool, proven: bool) -> ConnectionState:
    """``proven``: the other side has accepted a request of ours, or a webhook of theirs was signed as agreed."""
    if disconnected:
        return ConnectionState.DISCONNECTED
    if troubled:
        return ConnectionState.NEEDS_ATTENTION
    if not enabled:
        return ConnectionState.PAUSED
    return ConnectionState.OK if proven else ConnectionState.UNTESTED

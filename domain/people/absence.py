"""Absences: people who left, and people who are away for a while."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """``until`` is None for people who left, and for those who did not say when they return."""

    left: bool
    until: datetime | None = None

    @property
    def words(self) -> str:
        if self.left:
            return "has left"
        return f"is away until {self.until.date().isoformat()}" if self.until else "is away"

    @property
    def in_plural(self) -> str:
        """The same after "they"."""
        if self.left:
            return "have left"
        return f"are away until {self.until.date().isoformat()}" if self.until else "are away"


def absence(active: bool, away_from: datetime | None, away_until: datetime | None, now: datetime) -> Absence | None:
    """None for a person who is present. The absence may lack a start or an end."""
    if not active:
        return Absence(left=True)
    if away_from is None and away_until is None:
        return None
    has_started = away_from is None or away_from <= now
    is_over = away_until is not None and away_until <= now
    return Absence(left=False, until=away_until) if has_started and not is_over else None

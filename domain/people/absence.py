"""Who is not there to be waited for: people who left, and people who are away for a while."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """``until`` is None for those who left, and for those who did not say when they are back."""

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
    """None for somebody who is there. A window may lack either end."""
    if not active:
        return Absence(left=True)
    if away_from is None and away_until is None:
        return None
    begun = away_from is None or away_from <= now
    over = away_until is not None and away_until <= now
    return Absence(left=False, until=away_until) if begun and not over else None

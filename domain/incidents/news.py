"""What its incidents report of a postmortem's duration, after somebody began to write it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.incidents.incident import Span, covering


@dataclass(frozen=True, slots=True)
class IncidentNews:
    """``stated`` is what the postmortem says, ``reported`` what its incidents add up to by now; both in whole minutes,
    None while one of the incidents is open."""

    stated_minutes: int | None
    stated_end: datetime | None
    reported_minutes: int | None
    reported_end: datetime | None

    @property
    def is_open(self) -> bool:
        return self.reported_end is None

    @property
    def words(self) -> str:
        """What follows "an incident of this postmortem"."""
        if self.is_open:
            return "was reopened"
        stated = "no duration" if self.stated_minutes is None else minutes_words(self.stated_minutes)
        reported = minutes_words(self.reported_minutes or 0)
        if stated == reported:
            return "ended at another time than the postmortem says"
        return f"lasted {reported}, and the postmortem says {stated}"


def find_news(stated_minutes: int | None, stated_end: datetime | None, spans: Iterable[Span]) -> IncidentNews | None:
    """None if the postmortem says what its incidents report, or is about none."""
    known = list(spans)
    span = covering(known)
    if not known or (span.minutes, span.resolved_at) == (stated_minutes, stated_end):
        return None
    return IncidentNews(stated_minutes, stated_end, span.minutes, span.resolved_at)


def minutes_words(minutes: int) -> str:
    """``1 h 35 min``"""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"

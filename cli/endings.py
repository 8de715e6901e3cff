"""When something that ended by itself is started again: after a growing pause, and not for ever."""

from dataclasses import dataclass, field

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds; doubled each time
MOST, WITHIN = 5, 120.0  # so many endings in so many seconds, and starting again doesn't help


@dataclass(slots=True)
class Endings:
    """When it ended lately, on a monotonic clock."""

    times: list[float] = field(default_factory=list)

    def note(self, now: float) -> float:
        """How many seconds to wait until it is started again."""
        self.times = [*(one for one in self.times if now - one < WITHIN), now]
        pause: float = min(FIRST_PAUSE * 2.0 ** (len(self.times) - 1), LONGEST_PAUSE)
        return pause

    @property
    def are_too_many(self) -> bool:
        return len(self.times) >= MOST

    def __str__(self) -> str:
        return f"the {len(self.times)}th time in {WITHIN / 60:.0f} minutes"

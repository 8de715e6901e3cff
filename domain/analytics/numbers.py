"""What is counted of postmortems and action items, and the numbers that follow from the counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``of``; its rate is None where nothing is counted."""

    count: int = 0
    of: int = 0

    @property
    def rate(self) -> float | None:
        return self.count / self.of if self.of else None

    def __add__(self, other: "Share") -> "Share":
        return Share(self.count + other.count, self.of + other.of)


@dataclass(frozen=True, slots=True)
class Days:
    """Some durations: how many, and how many days they are together."""

    of: int = 0
    total: float = 0

    @property
    def average(self) -> float | None:
        return self.total / self.of if self.of else None

    def __add__(self, other: "Days") -> "Days":
        return Days(self.of + other.of, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one period. ``completed`` are the postmortems created in it that were ever published; ``on_time`` the action
    items first due in it that were completed by then, without those that won't be done, which are ``wont_do``.
    ``overdue`` is how many were overdue at its end, and is no sum."""

    completed: Share = Share()
    published: Days = Days()
    on_time: Share = Share()
    wont_do: int = 0
    overdue: int = 0

    @property
    def created(self) -> int:
        return self.completed.of


def together(periods: Sequence[Counts]) -> Counts:
    """The counts of consecutive periods as those of one."""
    return Counts(
        sum((one.completed for one in periods), Share()),
        sum((one.published for one in periods), Days()),
        sum((one.on_time for one in periods), Share()),
        sum(one.wont_do for one in periods),
        periods[-1].overdue if periods else 0,
    )


def lasting(spans: Iterable[tuple[int, int, int]], places: int) -> list[int]:
    """How many last at each of the places, from the first place that each lasts at, the first that it no longer lasts
    at, and how many do so."""
    steps: Counter[int] = Counter()
    for begin, end, count in spans:
        steps[begin] += count
        steps[end] -= count
    return list(accumulate(steps[place] for place in range(places)))

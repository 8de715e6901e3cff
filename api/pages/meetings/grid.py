"""Everyone's hours on the days of the proposed times, as a grid: an hour a column, a person a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from application.meetings.suggestions import Hours
from domain.meetings.suggestion import Slot, Span

DAYS = 3
HALF = timedelta(minutes=30)
"""So much of an hour has to be somebody's working time."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``state`` is works, busy, or off."""

    state: str
    is_proposed: bool


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    zone: str
    is_known: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """``hours`` are those of the reader's day, as numbers: 23 or 25 of them where clocks change."""

    on: date
    hours: tuple[int, ...]
    rows: tuple[Row, ...]


def days_of(slots: Sequence[Slot], people: Sequence[Hours], zone: str) -> list[Day]:
    """The first days of the best slots, in order."""
    local = ZoneInfo(zone)
    days = list(dict.fromkeys(one.starts_at.astimezone(local).date() for one in slots))[:DAYS]
    return [_day(on, slots, people, local) for on in sorted(days)]


def _day(on: date, slots: Sequence[Slot], people: Sequence[Hours], zone: ZoneInfo) -> Day:
    columns = list(_hours(on, zone))
    proposed = [any(slot.starts_at < end and begin < slot.ends_at for slot in slots) for begin, end in columns]
    rows = tuple(
        Row(
            one.name,
            one.time_zone,
            one.busy is not None,
            tuple(Cell(_state(one, column), marked) for column, marked in zip(columns, proposed, strict=True)),
        )
        for one in people
    )
    return Day(on, tuple(begin.astimezone(zone).hour for begin, _ in columns), rows)


def _hours(on: date, zone: ZoneInfo) -> Iterator[Span]:
    begin = datetime.combine(on, time(), tzinfo=zone).astimezone(UTC)
    end = datetime.combine(on + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    while begin < end:
        yield begin, begin + timedelta(hours=1)
        begin += timedelta(hours=1)


def _state(one: Hours, column: Span) -> str:
    if any(begin < column[1] and column[0] < end for begin, end in one.busy or ()):
        return "busy"
    return "works" if _shared(one.windows, column) >= HALF else "off"


def _shared(windows: Sequence[Span], column: Span) -> timedelta:
    overlaps = (min(end, column[1]) - max(begin, column[0]) for begin, end in windows)
    return sum((one for one in overlaps if one > timedelta(0)), timedelta(0))

"""When a review meeting can be: in everyone's working hours where there is such a time, else the least bad one.

Source: "Meetings: what must hold", 5 and 6, of the specification. Time is looked at in cells of a quarter of an hour,
since zones differ by hours, halves and quarters. What a cell is to a person is worked out once for each zone and
calendar, and a slot is as bad as its worst cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from domain.people.calendar import Calendar, working_hours

CELL = timedelta(minutes=15)
HORIZON = timedelta(days=14)
"""How far ahead is looked where no target says until when."""
BEYOND = timedelta(days=7)
"""How far after the target is looked where there is no time before it."""
NOTICE = timedelta(hours=4)
"""The least time between now and a meeting that we propose or move."""
NIGHT_BEGINS, NIGHT_ENDS = 22 * 60, 7 * 60
"""Minutes of someone's day."""
LUNCH = range(12 * 60, 13 * 60)
EDGE = 30
"""Minutes at either end of the working hours."""
SLOTS_A_DAY = 2
KEPT = "the time that the team keeps for reviews"
_BUSY = 1
"""Where a slot's badness says how many who are needed are busy."""

Span = tuple[datetime, datetime]


class Hour(IntEnum):
    """What a time is to a person, from good to bad. NIGHT, HOLIDAY and AWAY are never proposed to one who is needed."""

    GOOD = 0
    INCONVENIENT = 1
    """Lunch, or the edge of the working hours."""
    OUTSIDE = 2
    DAY_OFF = 3
    NIGHT = 4
    HOLIDAY = 5
    AWAY = 6


@dataclass(frozen=True, slots=True)
class Invitee:
    """``busy`` are the times at which a connected calendar says so, None where there is none: then it is not known.
    ``outside_lately`` is in how many of the team's last meetings they were outside of their hours."""

    person_id: str
    name: str
    calendar: Calendar
    required: bool = True
    busy: tuple[Span, ...] | None = None
    outside_lately: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """``available`` are known to be free within their hours, ``unknown`` would be within them, of all ``of``."""

    starts_at: datetime
    ends_at: datetime
    available: int
    unknown: int
    of: int
    notes: tuple[str, ...]
    outside: tuple[str, ...] = ()
    """Ids of those who would be outside of their hours."""


Rated = tuple[tuple[float, ...], Slot]


def suggest(
    invitees: Sequence[Invitee],
    *,
    minutes: int,
    earliest: datetime,
    target: datetime | None,
    count: int = 5,
    kept: Sequence[datetime] = (),
) -> list[Slot]:
    """The best slots, best first; at most two a day, none of which overlap. Empty where there is none at all.

    All lie before ``target`` if any does; else those after it say so. Before them comes the first of the times that the
    team has ``kept`` for reviews at which everyone who is needed can come.
    """
    begin = _rounded_up(earliest)
    cells = max(1, -(-minutes // 15))
    until = target or begin + HORIZON
    found = list(_rated(invitees, begin, until, cells, minutes))
    if not found and target is not None:
        late = max(begin, _rounded_up(target))
        found = list(_rated(invitees, late, late + BEYOND, cells, minutes, "after the review target"))
    ranked = sorted(found, key=lambda one: one[0])
    chosen = _first_kept(ranked, kept)
    return _picked(ranked if chosen is None else [chosen, *ranked], count)


def _first_kept(ranked: Sequence[Rated], kept: Sequence[datetime]) -> Rated | None:
    usable = [one for one in ranked if one[1].starts_at in kept and not one[0][_BUSY]]
    if not usable:
        return None
    badness, slot = min(usable, key=lambda one: one[1].starts_at)
    return badness, replace(slot, notes=(KEPT, *slot.notes))


def outside_lately(person_id: str, calendar: Calendar, past: Sequence[tuple[datetime, int, Sequence[str]]]) -> int:
    """In how many of these meetings (when, how many minutes, who was invited) somebody was outside of their hours."""

    def is_outside(begin: datetime, minutes: int) -> bool:
        end = begin + timedelta(minutes=minutes)
        inside = sum((until - since for since, until in working_hours(begin, end, calendar)), timedelta(0))
        return inside < end - begin

    return sum(person_id in invited and is_outside(at, minutes) for at, minutes, invited in past)


def _rounded_up(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    start = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    return start if start == at else start + CELL


def _rated(
    invitees: Sequence[Invitee], begin: datetime, until: datetime, cells: int, minutes: int, note: str = ""
) -> Iterator[Rated]:
    """Every slot that can be proposed, with what is bad about it, the worst first."""
    count = max(0, (until - begin) // CELL)
    hours = [_worst(one, cells) for one in hours_of(invitees, begin, count)]
    busy = [_busy(one, begin, count, cells) for one in invitees]
    for place in range(count - cells + 1):
        slot = _slot(invitees, [one[place] for one in hours], [place in one for one in busy])
        if slot is None:
            continue
        badness, available, unknown, notes, outside = slot
        starts_at = begin + place * CELL
        ends_at = starts_at + timedelta(minutes=minutes)
        whole = (*badness, float(starts_at.minute % 30 != 0), float(place))
        said = (note, *notes) if note else notes
        yield whole, Slot(starts_at, ends_at, available, unknown, len(invitees), said, outside)


def hours_of(invitees: Sequence[Invitee], begin: datetime, count: int) -> list[list[int]]:
    """For each person, what each cell from ``begin`` on is to them."""
    days: dict[str, list[tuple[date, int]]] = {}
    found = []
    for one in invitees:
        zone = one.calendar.zone
        if zone not in days:
            local = (begin + place * CELL for place in range(count))
            days[zone] = [
                (at.date(), at.hour * 60 + at.minute) for at in (at.astimezone(ZoneInfo(zone)) for at in local)
            ]
        found.append(_hours(one.calendar, days[zone], begin))
    return found


def _hours(calendar: Calendar, local: Sequence[tuple[date, int]], begin: datetime) -> list[int]:
    kinds: dict[date, Hour | None] = {}
    opens, closes = calendar.opens, calendar.closes
    found = []
    for day, minute in local:
        if day not in kinds:
            kinds[day] = _kind_of(calendar, day)
        kind = kinds[day]
        if kind is None:
            is_night = minute >= NIGHT_BEGINS or minute < NIGHT_ENDS
            if opens <= minute < closes:
                is_edge = minute < opens + EDGE or minute >= closes - EDGE or minute in LUNCH
                kind = Hour.INCONVENIENT if is_edge else Hour.GOOD
            else:
                kind = Hour.NIGHT if is_night else Hour.OUTSIDE
        elif kind is Hour.DAY_OFF and (minute >= NIGHT_BEGINS or minute < NIGHT_ENDS):
            kind = Hour.NIGHT
        found.append(int(kind))
    for away in calendar.away:
        start = 0 if away.start is None else max(0, (away.start - begin) // CELL)
        end = len(found) if away.end is None else max(0, -((begin - away.end) // CELL))
        for place in range(start, min(end, len(found))):
            found[place] = int(Hour.AWAY)
    return found


def _kind_of(calendar: Calendar, day: date) -> Hour | None:
    """None for a working day."""
    if day in calendar.holidays:
        return Hour.HOLIDAY
    return None if day.isoweekday() in calendar.days else Hour.DAY_OFF


def _worst(hours: Sequence[int], cells: int) -> list[int]:
    """Of each slot, by where it begins."""
    return [max(hours[place : place + cells]) for place in range(len(hours) - cells + 1)]


def _busy(invitee: Invitee, begin: datetime, count: int, cells: int) -> frozenset[int]:
    """Where a slot may begin that overlaps something."""
    places: set[int] = set()
    for start, end in invitee.busy or ():
        first, last = (start - begin) // CELL, -((begin - end) // CELL)
        places.update(range(max(0, first - cells + 1), min(count, last)))
    return frozenset(places)


Judged = tuple[tuple[float, ...], int, int, tuple[str, ...], tuple[str, ...]]


def _slot(invitees: Sequence[Invitee], hours: Sequence[int], busy: Sequence[bool]) -> Judged | None:
    """None where someone who is needed can't be asked to come at all."""
    outside_cost = busy_cost = optional_cost = inconvenient = 0.0
    available = unknown = 0
    for one, hour, is_busy in zip(invitees, hours, busy, strict=True):
        if hour <= Hour.INCONVENIENT:
            inconvenient += hour
            if is_busy:
                busy_cost += one.required
                optional_cost += not one.required
            elif one.busy is None:
                unknown += 1
            else:
                available += 1
        elif one.required:
            if hour >= Hour.NIGHT:
                return None
            outside_cost += (1 + one.outside_lately) ** 2 * (4 if hour == Hour.DAY_OFF else 1)
            busy_cost += is_busy
        else:
            optional_cost += 1
    notes = tuple(_notes(invitees, hours, busy))
    outside = tuple(one.person_id for one, hour in zip(invitees, hours, strict=True) if hour > Hour.INCONVENIENT)
    return (outside_cost, busy_cost, optional_cost, inconvenient), available, unknown, notes, outside


_SAID = {
    Hour.OUTSIDE: "outside working hours for {}",
    Hour.DAY_OFF: "not a working day for {}",
    Hour.NIGHT: "night for {}",
    Hour.HOLIDAY: "a holiday for {}",
}


def _notes(invitees: Sequence[Invitee], hours: Sequence[int], busy: Sequence[bool]) -> Iterator[str]:
    for kind, words in _SAID.items():
        names = [one.name for one, hour in zip(invitees, hours, strict=True) if hour == kind]
        if names:
            yield words.format(_listed(names))
    away = [one.name for one, hour in zip(invitees, hours, strict=True) if hour == Hour.AWAY]
    if away:
        yield f"{_listed(away)} {'is' if len(away) == 1 else 'are'} away"
    taken = [one.name for one, is_busy in zip(invitees, busy, strict=True) if is_busy]
    if taken:
        yield f"{_listed(taken)} {'is' if len(taken) == 1 else 'are'} busy"


def _listed(names: Sequence[str]) -> str:
    """``a and b``; ``a, b, and c``"""
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"


def _picked(rated: Sequence[Rated], count: int) -> list[Slot]:
    found: list[Slot] = []
    days: dict[date, int] = {}
    for _, slot in rated:
        day = slot.starts_at.date()
        if days.get(day, 0) >= SLOTS_A_DAY or any(_overlap(slot, one) for one in found):
            continue
        days[day] = days.get(day, 0) + 1
        found.append(slot)
        if len(found) == count:
            break
    return found


def _overlap(one: Slot, other: Slot) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at

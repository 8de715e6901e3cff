"""Working time: when somebody is at work, as a pure function over data.

A calendar says it all: zone, days, hours, holidays, absences. It is built elsewhere and travels as data, so that what
followed from it yesterday follows from it tomorrow, on any machine. Instants are UTC, in and out; whether one is in
working time, the clock on the wall there says: an hour that a zone skips is none, and one that it has twice is two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.errors import Fact, NeverWorking, reason

DAY_MINUTES = 24 * 60
PATIENCE = 1100
"""Days without any working time after which nobody will work again."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Away:
    """From ``start`` until before ``end``; None is open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """``zone`` is an IANA name, ``days`` are ISO weekdays (1 is Monday), ``opens`` and ``closes`` minutes of the day.

    Hours end on the day on which they began: a night shift is two calendars, not one. ``closes`` 1440 is midnight.
    """

    zone: str = "UTC"
    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: int = 9 * 60
    closes: int = 17 * 60
    holidays: frozenset[date] = frozenset()
    away: tuple[Away, ...] = ()

    def is_working_day(self, day: date) -> bool:
        return day.isoweekday() in self.days and day not in self.holidays


def problems(calendar: Calendar) -> Iterator[Fact]:
    """What keeps it from being used; the zone is checked where it is written."""
    if not calendar.days or not set(calendar.days) <= set(range(1, 8)):
        yield reason("NoWorkingDays", "Choose at least one working day.", where="calendar.workingDays")
    if not 0 <= calendar.opens < calendar.closes <= DAY_MINUTES:
        words = "Working hours must end later on the same day. For midnight, enter 24:00."
        yield reason("HoursOverMidnight", words, where="calendar.closes")


def due_at(start: datetime, duration: timedelta, calendar: Calendar) -> datetime:
    """The first instant at which so much working time has gone by. Raises :class:`NeverWorking`."""
    left = duration
    if left <= timedelta(0):
        return start.astimezone(UTC)
    for begin, end in _windows(calendar, start):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise NeverWorking(zone=calendar.zone)


def working_time_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Negative where ``end`` comes first."""
    if end < start:
        return -working_time_between(end, start, calendar)
    total = timedelta(0)
    for begin, until in _windows(calendar, start):
        if begin >= end:
            break
        total += min(until, end) - begin
    return total


def next_working_moment(at: datetime, calendar: Calendar) -> datetime | None:
    """``at`` itself in working hours; None where nobody comes back."""
    found = next(_windows(calendar, at), None)
    return found[0] if found else None


def last_working_hour(since: datetime, before: datetime, calendar: Calendar) -> datetime | None:
    """When the last hour begins in which somebody works between the two; None where nobody does."""
    last: Window | None = None
    for begin, end in _windows(calendar, since):
        if begin >= before:
            break
        begun = last[0] if last and last[1] == begin else begin
        last = begun, min(end, before)
    return max(last[0], last[1] - timedelta(hours=1)) if last else None


def plus_working_days(at: datetime, days: int, calendar: Calendar) -> datetime | None:
    """The same time of day so many working days later, counted from the next working moment; None as there."""
    begun = next_working_moment(at, calendar)
    if begun is None:
        return None
    zone = ZoneInfo(calendar.zone)
    local = begun.astimezone(zone)
    day, left, looked = local.date(), days, 0
    while left:
        day, looked = day + _DAY, looked + 1
        if looked > PATIENCE * days:
            return None
        left -= calendar.is_working_day(day)
    return next_working_moment(datetime.combine(day, local.time(), tzinfo=zone).astimezone(UTC), calendar)


def _windows(calendar: Calendar, start: datetime) -> Iterator[Window]:
    """Working time from ``start`` on: in order, never overlapping, perhaps touching. Ends where nobody comes back."""
    barren = 0
    for begin, end, offset in _stretches(ZoneInfo(calendar.zone), start.astimezone(UTC)):
        barren += 1
        day = (begin + offset).date()
        while (midnight := datetime.combine(day, time(), tzinfo=UTC) - offset) < end:
            if calendar.is_working_day(day):
                opens = max(begin, midnight + timedelta(minutes=calendar.opens))
                closes = min(end, midnight + timedelta(minutes=calendar.closes))
                for window in _present((opens, closes), calendar.away):
                    barren = 0
                    yield window
            day += _DAY
        if barren > PATIENCE:
            return


def _stretches(zone: ZoneInfo, start: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Time from ``start`` on in pieces of a day at most, in each of which the zone keeps one offset."""
    begin, offset = start, _offset(zone, start)
    while True:
        end = begin + _DAY
        if _offset(zone, end) != offset:
            end = _first_change(zone, begin, end, offset)
        yield begin, end, offset
        begin, offset = end, _offset(zone, end)


def _first_change(zone: ZoneInfo, begin: datetime, end: datetime, offset: timedelta) -> datetime:
    """Zones change at whole seconds, so that is where to look; not more than once a day."""
    low, high = begin.replace(microsecond=0), end.replace(microsecond=0) + _SECOND
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _present(window: Window, away: tuple[Away, ...]) -> Iterator[Window]:
    """What the absences leave of a window."""
    left = [window]
    for one in away:
        if one.start and one.end and one.start >= one.end:
            continue
        pieces = [((begin, min(end, one.start or begin)), (max(begin, one.end or end), end)) for begin, end in left]
        left = [piece for pair in pieces for piece in pair if piece[0] < piece[1]]
    return iter([piece for piece in left if piece[0] < piece[1]])

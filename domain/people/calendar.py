"""Working time: due times and durations that count only the hours in which a person works.

A calendar has the time zone, working days, hours, holidays and absences. It is plain data, so that the same calendar
gives the same result on any day and machine. Instants are UTC. Local time decides what is working time: an hour that
a zone skips does not count, and an hour that it repeats counts twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.errors import Fact, NeverWorking, reason

DAY_MINUTES = 24 * 60
MAX_DAYS_WITHOUT_WORK = 1100
"""After so many days without working time, a calendar is considered to have none."""
_DAY, _MANY_DAYS = timedelta(days=1), timedelta(days=30)
_SECOND = timedelta(seconds=1)

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Away:
    """From ``start`` until before ``end``; None leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """``zone`` is an IANA name, ``days`` are ISO weekdays (1 is Monday), ``opens`` and ``closes`` minutes of the day.

    Working hours end on the day on which they start; night shifts are not supported. ``closes`` 1440 is midnight.
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
    """Why the calendar cannot be used. The zone is validated when it is entered."""
    if not calendar.days or not set(calendar.days) <= set(range(1, 8)):
        yield reason("NoWorkingDays", "Choose at least one working day.", where="calendar.workingDays")
    if not 0 <= calendar.opens < calendar.closes <= DAY_MINUTES:
        words = "Working hours must end later on the same day. For midnight, enter 24:00."
        yield reason("HoursOverMidnight", words, where="calendar.closes")


def due_at(start: datetime, duration: timedelta, calendar: Calendar) -> datetime:
    """The first instant at which that much working time has passed. Raises :class:`NeverWorking`."""
    left = duration
    if left <= timedelta(0):
        return start.astimezone(UTC)
    for begin, end in _windows(calendar, start):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise NeverWorking(zone=calendar.zone)


def working_time_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Negative if ``end`` is before ``start``."""
    if end < start:
        return -working_time_between(end, start, calendar)
    if end - start > _MANY_DAYS and not calendar.away:
        return _working_time_of_days(start, end, calendar)
    return sum((until - begin for begin, until in working_hours(start, end, calendar)), timedelta(0))


def _working_time_of_days(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The same, for years, in a fortieth of the time: a day without a change of clocks is as long as it says."""
    zone = ZoneInfo(calendar.zone)
    first, last = (at.astimezone(zone).date() + _DAY for at in (start, end - _DAY))
    midnights = [
        datetime.combine(first + _DAY * number, time(), tzinfo=zone) for number in range((last - first).days + 1)
    ]
    passed = working_time_between(start, midnights[0], calendar) + working_time_between(midnights[-1], end, calendar)
    usual = timedelta(minutes=calendar.closes - calendar.opens)
    for midnight, next_one in pairwise(midnights):
        if midnight.utcoffset() != next_one.utcoffset():
            passed += working_time_between(midnight, next_one, calendar)
        elif calendar.is_working_day(midnight.date()):
            passed += usual
    return passed


def next_working_moment(at: datetime, calendar: Calendar) -> datetime | None:
    """``at`` itself in working hours, else when they start next; None if the calendar has no working time after it."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    is_open = calendar.opens <= local.hour * 60 + local.minute < calendar.closes
    if is_open and not calendar.away and calendar.is_working_day(local.date()):
        return at.astimezone(UTC)
    found = next(_windows(calendar, at), None)
    return found[0] if found else None


def last_working_hour(since: datetime, before: datetime, calendar: Calendar) -> datetime | None:
    """When the last working hour between the two instants starts; None if there is none."""
    last: Window | None = None
    for begin, end in _windows(calendar, since):
        if begin >= before:
            break
        begun = last[0] if last and last[1] == begin else begin
        last = begun, min(end, before)
    return max(last[0], last[1] - timedelta(hours=1)) if last else None


def plus_working_days(at: datetime, days: int, calendar: Calendar) -> datetime | None:
    """The same time of day that many working days after the next working moment; None if there is no such moment."""
    begun = next_working_moment(at, calendar)
    if begun is None:
        return None
    zone = ZoneInfo(calendar.zone)
    local = begun.astimezone(zone)
    day, left, looked = local.date(), days, 0
    while left:
        day, looked = day + _DAY, looked + 1
        if looked > MAX_DAYS_WITHOUT_WORK * days:
            return None
        left -= calendar.is_working_day(day)
    return next_working_moment(datetime.combine(day, local.time(), tzinfo=zone).astimezone(UTC), calendar)


def working_hours(start: datetime, end: datetime, calendar: Calendar) -> Iterator[Window]:
    """Working time between the two instants, in order and without overlaps."""
    for begin, until in _windows(calendar, start):
        if begin >= end:
            return
        yield begin, min(until, end)


def _windows(calendar: Calendar, start: datetime) -> Iterator[Window]:
    """Working time from ``start`` on, in order and without overlaps. Ends if there is no more working time."""
    days_without_work = 0
    for begin, end, offset in _periods_of_one_offset(ZoneInfo(calendar.zone), start.astimezone(UTC)):
        days_without_work += 1
        day = (begin + offset).date()
        while (midnight := datetime.combine(day, time(), tzinfo=UTC) - offset) < end:
            if calendar.is_working_day(day):
                opens = max(begin, midnight + timedelta(minutes=calendar.opens))
                closes = min(end, midnight + timedelta(minutes=calendar.closes))
                for window in _without_absences((opens, closes), calendar.away):
                    days_without_work = 0
                    yield window
            day += _DAY
        if days_without_work > MAX_DAYS_WITHOUT_WORK:
            return


def _periods_of_one_offset(zone: ZoneInfo, start: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Time from ``start`` on, in pieces of at most a day in which the UTC offset does not change."""
    begin, offset = start, _offset(zone, start)
    while True:
        end = begin + _DAY
        if _offset(zone, end) != offset:
            end = _first_change(zone, begin, end, offset)
        yield begin, end, offset
        begin, offset = end, _offset(zone, end)


def _first_change(zone: ZoneInfo, begin: datetime, end: datetime, offset: timedelta) -> datetime:
    """A binary search over whole seconds: offsets change at whole seconds, and at most once a day."""
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


def _without_absences(window: Window, away: tuple[Away, ...]) -> Iterator[Window]:
    """The parts of a window in which the person is not away."""
    left = [window]
    for one in away:
        if one.start and one.end and one.start >= one.end:
            continue
        pieces = [((begin, min(end, one.start or begin)), (max(begin, one.end or end), end)) for begin, end in left]
        left = [piece for pair in pieces for piece in pair if piece[0] < piece[1]]
    return iter([piece for piece in left if piece[0] < piece[1]])

"""The days that numbers are about, cut into weeks, months, quarters or years of a time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.errors import Malformed, reason

EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)
MOST_PERIODS = 400


class Period(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Span:
    """The days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> "Span":
        """The equally long span right before."""
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Calendar:
    """A span, its time zone, and the first day of each period in it. The first and the last period may be cut."""

    span: Span
    period: Period
    time_zone: str
    starts: tuple[date, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The first day before, the first of each period, and the first after: what counts are sorted into."""
        return (self.span.previous.first, *self.starts, self.span.last + timedelta(days=1))

    @property
    def instants(self) -> tuple[datetime, ...]:
        """When each of ``days`` begins, in UTC."""
        return tuple(begin_of(day, self.time_zone) for day in self.days)

    def ends(self, now: datetime) -> tuple[datetime, ...]:
        """When the previous span ends and each period does; now, for those that haven't ended."""
        return tuple(min(one, now) for one in self.instants[1:])


def begin_of(day: date, time_zone: str) -> datetime:
    """The instant at which a day begins, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def calendar(first: date | None, last: date | None, period: Period, time_zone: str, now: datetime) -> Calendar:
    """Without ``last`` it ends today; without ``first`` it begins with the month eleven months before the end.

    Raises Malformed.
    """
    last = last or now.astimezone(ZoneInfo(time_zone)).date()
    first = first or _months_before(last, 11)
    if not EARLIEST <= first <= last <= LATEST:
        words = "Choose days between 1970 and 2199, and a first day that isn't after the last one"
        raise Malformed(reasons=[reason("range", words, where="query.from")])
    starts = tuple(_starts(Span(first, last), period))
    if len(starts) > MOST_PERIODS:
        words = f"That makes {len(starts)} periods, and {MOST_PERIODS} is the most. Choose longer periods or fewer days"
        raise Malformed(reasons=[reason("range", words, where="query.period")])
    return Calendar(Span(first, last), period, time_zone, starts)


def _starts(span: Span, period: Period) -> Iterator[date]:
    day = span.first
    while day <= span.last:
        yield day
        day = _next(day, period)


def _next(day: date, period: Period) -> date:
    """The first day of the period after the one that the day is in. Weeks begin on Monday."""
    match period:
        case Period.WEEK:
            return day + timedelta(days=7 - day.weekday())
        case Period.MONTH:
            return _first_of_month(day.year, day.month + 1)
        case Period.QUARTER:
            return _first_of_month(day.year, day.month - (day.month - 1) % 3 + 3)
        case Period.YEAR:
            return date(day.year + 1, 1, 1)


def _first_of_month(year: int, month: int) -> date:
    """Months count on after December."""
    years, index = divmod(month - 1, 12)
    return date(year + years, index + 1, 1)


def _months_before(day: date, months: int) -> date:
    return _first_of_month(day.year, day.month - months)

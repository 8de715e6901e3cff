"""Reads moments at the beginning of a line: dates, times, unknown digits of them, zones and ranges."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from domain.people.time_zones import WRITTEN


class Precision(StrEnum):
    """How exactly an instant is known. The instant is the earliest that was meant; the true one lies within this."""

    SECOND = "SECOND"
    MINUTE = "MINUTE"
    TEN_MINUTES = "TEN_MINUTES"
    HOUR = "HOUR"
    DAY = "DAY"


@dataclass(frozen=True, slots=True)
class Day:
    """A date. Without a year, the year follows from the dates around it."""

    month: int
    day: int
    year: int | None = None

    def near(self, around: date | None) -> date | None:
        """The date; without a year, the one nearest to ``around``. None if both are missing."""
        if self.year is not None:
            return _date(self.year, self.month, self.day)
        if around is None:
            return None
        years = (around.year - 1, around.year, around.year + 1)
        found = [one for year in years if (one := _date(year, self.month, self.day))]
        return min(found, key=lambda one: abs(one - around), default=None)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as written. ``clock`` is the time since midnight; ``at`` replaces it for seconds since 1970."""

    day: Day | None = None
    clock: timedelta | None = None
    precision: Precision = Precision.DAY
    zone: str | None = None
    until: str | None = None
    at: datetime | None = None


class Unreadable(StrEnum):
    """Why a text that looks like a moment is none."""

    TEMPLATE = "template_row"
    NO_SUCH_DATE = "no_such_date"
    NO_SUCH_TIME = "no_such_time"
    WHICH_DATE = "ambiguous_date"


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<mon>(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b)\.?"
)
_WEEKDAY = r"(?:(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DATES = tuple(
    re.compile(_WEEKDAY + pattern, re.I)
    for pattern in (
        r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d)",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?!\d)",
        r"(?P<a>\d{1,2})(?P<sep>[-/])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})(?!\d)",
        _MONTH
        + r"\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?(?![\d:])(?:\s?[-\u2013]\s?\d{1,2}(?![\d:]))?(?:,?\s+(?P<y>\d{4})\b)?",
        r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?\s+" + _MONTH + r"(?:,?\s+(?P<y>\d{4})\b)?",
    )
)
_ODD_DATE = re.compile(r"\d{5,}[-/]\d{1,2}[-/]\d{1,2}|\d{4}[-/]\d{1,2}[-/]\d{3,}")
_CLOCK = re.compile(
    r"(?P<h>\d{1,2}|\d[?x]|[?x_-]{2})(?P<colon>[:h])(?P<m>\d{2}|\d[?x_-]|[?x_-]{2})"
    r"(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?(?:\s?(?P<half>[ap]\.?m\b\.?))?(?=Z\b|[^\w:?]|$)",
    re.I,
)
_HOUR = re.compile(r"(?P<h>\d{1,2})\s?(?P<half>[ap]\.?m\b\.?)(?![\w:])", re.I)
_EPOCH = re.compile(r"(?P<s>1\d{9})(?P<ms>\d{3})?(?:\.(?P<f>\d{1,9}))?(?![\w:/-])")
_TEMPLATE = re.compile(
    r"<?\[?(?:(?:yyyy|yy|dd|mm)[-/.](?:mm|dd)(?:[-/.](?:dd|yyyy|yy))?[ t]*)?"
    r"(?:hh|xx|__|\?\?|--):(?:mm|xx|__|\?\?|--)(?::ss)?"
    r"|<?\[?yyyy-mm-dd|[<\[{](?:time|date|timestamp|when)[^>\]}]{0,20}[>\]}]",
    re.I,
)
_ABOUT = re.compile(r"(?:[~\u2248]|(?:ca|circa|about|around|approx|approximately)\b\.?)\s*", re.I)
_ZONE = re.compile(rf"[ \u00a0]?\(?(?P<zone>(?-i:{WRITTEN})|utc\b|gmt\b)(?!-?[A-Za-z])\)?", re.I)
_RANGE = re.compile(r"\s*(?:-|\u2013|\u2014|to\b|until\b)\s*(?=[~\d])")
_JOIN = re.compile(r"(?:[\s,@T]|\bat\b|\bon\b)*(?:[-\u2013]\s+)?")
_OPEN = re.compile(r"[\s*_`\[(\"\u201c<]*")
_CLOSE = re.compile(r"[\])*_`\"\u201d>~]*")
_SEPARATOR = re.compile(r"\s*(?:->|=>|\u2192|[-\u2013\u2014:|,;\u2022])*(?:\s+|$)|\s*[:|]\s*")


def read_moment(text: str) -> tuple[Moment, str] | Unreadable | None:
    """The moment that a text begins with, and the text after it; None if it does not begin with one."""
    return _Reading(text[:400]).read(text)


def find_day(text: str) -> Day | None:
    """The first date anywhere in a text."""
    for pattern in _DATES:
        if (found := pattern.search(text[:400])) and isinstance(day := _day(found), Day):
            return day
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1970 <= year <= 2200 else None
    except ValueError:
        return None


@dataclass(slots=True)
class _Reading:
    """Reads the beginning of a line, from left to right."""

    text: str
    pos: int = 0
    about: bool = False

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.pos)
        if found:
            self.pos = found.end()
        return found

    def read(self, whole: str) -> tuple[Moment, str] | Unreadable | None:
        self.take(_OPEN)
        self.take_about()
        if epoch := self.take(_EPOCH):
            return _since_1970(epoch), self.words(whole)
        if _ODD_DATE.match(self.text, self.pos):
            return Unreadable.NO_SUCH_DATE
        day = self.read_day()
        if isinstance(day, Unreadable):
            return day
        return self.read_time(day, whole)

    def read_time(self, day: Day | None, whole: str) -> tuple[Moment, str] | Unreadable | None:
        after_day = self.pos
        if day:
            self.take(_JOIN)
            self.take_about()
        clock = self.read_clock()
        if isinstance(clock, Moment) and not (clock.clock is None and day is None):
            return self.finish(replace(clock, day=day), whole)
        if clock is not None:
            return clock if isinstance(clock, Unreadable) else Unreadable.TEMPLATE
        self.pos = after_day
        if day is None:
            return Unreadable.TEMPLATE if _TEMPLATE.match(self.text, self.pos) else None
        return (Moment(day), self.words(whole)) if self.at_boundary() else None

    def finish(self, moment: Moment, whole: str) -> tuple[Moment, str] | Unreadable:
        self.take_about()
        zone = self.read_zone(moment)
        until = self.read_until()
        zone = zone or self.read_zone(moment)
        day = moment.day or self.read_day_after()
        if isinstance(day, Unreadable):
            return day
        zone = zone or self.read_zone(moment)
        precision = moment.precision
        if self.about and precision in {Precision.SECOND, Precision.MINUTE}:
            precision = Precision.TEN_MINUTES
        return replace(moment, day=day, zone=zone, until=until, precision=precision), self.words(whole)

    def take_about(self) -> None:
        if self.take(_ABOUT):
            self.about = True

    def at_boundary(self) -> bool:
        return not self.text[self.pos : self.pos + 1].isalnum()

    def read_day(self) -> Day | Unreadable | None:
        for pattern in _DATES:
            if found := self.take(pattern):
                return _day(found)
        return None

    def read_clock(self) -> Moment | Unreadable | None:
        if found := self.take(_CLOCK):
            return _clock(found)
        if found := self.take(_HOUR):
            return _whole_hour(found)
        return None

    def read_zone(self, moment: Moment) -> str | None:
        found = _ZONE.match(self.text, self.pos)
        if found is None:
            return None
        zone = found["zone"]
        minutes_like = zone[0] in "-\u2212" and ":" in zone
        if minutes_like and not (moment.day and moment.precision is Precision.SECOND):
            return None  # 13:30-13:45 is a range
        self.pos = found.end()
        return zone

    def read_until(self) -> str | None:
        before = self.pos
        if self.take(_RANGE):
            self.take_about()
            start = self.pos
            if self.take(_CLOCK) or self.take(_HOUR):
                return self.text[start : self.pos].strip()
        self.pos = before
        return None

    def read_day_after(self) -> Day | Unreadable | None:
        """As in ``22:30 UTC (Oct 29)`` or ``14:03, 15 January 2024``."""
        before = self.pos
        if self.take(re.compile(r"\s*(?:\((?:on )?|,\s*(?:on )?|\s+on )")):
            found = self.read_day()
            if found:
                self.take(re.compile(r"\)"))
                return found
        self.pos = before
        return None

    def words(self, whole: str) -> str:
        """The text that follows, without the marks that separate it from the moment."""
        self.take(_CLOSE)
        self.take(_SEPARATOR)
        return whole[self.pos :].strip()


def _since_1970(found: re.Match[str]) -> Moment:
    at = datetime.fromtimestamp(int(found["s"]), UTC)
    part = found["ms"] or (found["f"] or "")[:6]
    if part:
        at += timedelta(microseconds=int(part.ljust(6, "0")))
    return Moment(precision=Precision.SECOND, at=at)


def _day(found: re.Match[str]) -> Day | Unreadable:
    parts = found.groupdict()
    year = int(parts["y"]) if parts.get("y") else None
    if year is not None and year < 100:
        year += 2000
    if "mon" in parts:
        month, day = _MONTHS.index(parts["mon"][:3].lower()) + 1, int(parts["d"])
    elif "a" in parts:
        first, second = int(parts["a"]), int(parts["b"])
        if first <= 12 and second <= 12 and first != second:
            return Unreadable.WHICH_DATE
        day, month = (first, second) if first > 12 else (second, first)
    else:
        month, day = int(parts["m"]), int(parts["d"])
    if _date(year or 2024, month, day) is None:
        return Unreadable.NO_SUCH_DATE
    return Day(month, day, year)


def _clock(found: re.Match[str]) -> Moment | Unreadable:
    hour, minute = found["h"].lower(), found["m"].lower()
    if not hour[0].isdigit():
        return Moment(precision=Precision.DAY)
    if not hour.isdigit():
        hours, precision = int(hour[0]) * 10, Precision.DAY
        if hours > 20:
            return Unreadable.NO_SUCH_TIME
        return Moment(clock=timedelta(hours=hours), precision=precision)
    hours = _in_24(int(hour), found["half"])
    if minute.isdigit():
        minutes, precision = int(minute), Precision.SECOND if found["s"] else Precision.MINUTE
    elif minute[0].isdigit():
        minutes, precision = int(minute[0]) * 10, Precision.TEN_MINUTES
    else:
        minutes, precision = 0, Precision.HOUR
    seconds = min(int(found["s"] or 0), 59)
    if minutes > 59 or hours > 24 or (hours == 24 and (minutes or seconds)) or int(found["s"] or 0) > 60:
        return Unreadable.NO_SUCH_TIME
    micro = int((found["f"] or "0")[:6].ljust(6, "0"))
    return Moment(
        clock=timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micro), precision=precision
    )


def _whole_hour(found: re.Match[str]) -> Moment | Unreadable:
    if not 1 <= int(found["h"]) <= 12:
        return Unreadable.NO_SUCH_TIME
    return Moment(clock=timedelta(hours=_in_24(int(found["h"]), found["half"])), precision=Precision.MINUTE)


def _in_24(hour: int, half: str | None) -> int:
    """A "pm" after 17:14 adds nothing."""
    if half and hour <= 12:
        return hour % 12 + (12 if half[0].lower() == "p" else 0)
    return hour

"""Reads moments at the beginning of a line: dates, times, zones and ranges, in the orders that people write them.

A moment is read whole or not at all: what is written like a time and cannot be read is a reason, never a guess.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.people.time_zones import ABBREVIATIONS, SPOKEN_ZONE, WRITTEN
from domain.timeline.clocks import ClockTime, Half, Precision, looks_like_clock, match_clock
from domain.timeline.dates import Day, Unreadable, find_day, match_day

__all__ = ["Day", "Moment", "Precision", "Unreadable", "find_day", "read_moment"]

READ = 400
"""A moment is read from this many characters of a line."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as written. ``at`` replaces date and time for seconds since 1970; ``until`` is the end of a range."""

    day: Day | None = None
    time: ClockTime | None = None
    precision: Precision = Precision.DAY
    zone: str | None = None
    until: str | None = None
    at: datetime | None = None

    @property
    def has_time(self) -> bool:
        return self.at is not None or (self.time is not None and self.time.since_midnight is not None)


_EPOCH = re.compile(r"(?P<s>1\d{9})(?P<part>\d{9}|\d{6}|\d{3})?(?:\.(?P<f>\d{1,9}))?(?![\w:/-])")
_TEMPLATE = re.compile(
    r"<?\[?(?:(?:yyyy|yy|dd|mm)[-/.](?:mm|dd)(?:[-/.](?:dd|yyyy|yy))?[ t]*)?"
    r"(?:hh|xx|__|\?\?|--):(?:mm|xx|__|\?\?|--)(?::ss)?"
    r"|<?\[?yyyy-mm-dd|[<\[{](?:time|date|timestamp|when)[^>\]}]{0,20}[>\]}]",
    re.I,
)
_ABOUT = re.compile(r"(?:[~\u2248]|(?:ca|circa|about|around|approx|approximately)\b\.?)\s*", re.I)
_LEAD = re.compile(r"(?:at|from|between|on|um|kl\.?|time\s?:|date\s?:|when\s?:)\s+(?=[~\w(])", re.I)
_DASH = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_MARKS = r"[\s*_`\])~]*"
_ZONE = re.compile(
    rf"{_MARKS},?\s?[(\[]?(?P<zone>(?-i:{WRITTEN})|{ABBREVIATIONS}|{SPOKEN_ZONE})(?!-?[A-Za-z])[)\]]?", re.I
)
_HOURS_OFF = re.compile(r"(?P<zone>[+\u2212-]\d{2})(?![\d:])")
_RANGE = re.compile(
    rf"[\s*_`]*(?:[{_DASH}]|\u2192|->|\.\.+|\bto\b|\buntil\b|\btill?\b|\band\b|\bbis\b)[\s*_`]*(?=[~\w])", re.I
)
_JOIN = re.compile(
    r"(?:[\s,@T_;|*`]|\b(?:at|on|um|kl|klo|om|a las|as|alle|\u00e0|\u00e0s|o|ob|\u0432|v)\b\.?|:(?=\d))*"
    r"(?:[-\u2013\u2014]\s+)?[*`_]*"
)
_TO_DAY = re.compile(rf"{_MARKS}(?:\((?:on )?|,\s*(?:on )?|\s+on\s+|\s+[{_DASH}]\s+|\s+|\s*\|\s*)[*_`]*", re.I)
_YEAR_LAST = re.compile(r"\s+(?P<y>(?:19|20)\d{2})(?=\s|$|:)")
_OPEN = re.compile(
    r"(?:[\s*_`\[(\"\u201c<>]|~~|:[a-z0-9_+-]{2,30}:|[\u23e9-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff])*"
)
_CLOSE = re.compile(r"[\])*_`\"\u201d>~]*")
_SEPARATOR = re.compile(r"\s*(?:->|=>|\u2192|[-\u2013\u2014:|,;\u2022])*(?:\s+|$)|\s*[:|,;]\s*(?=\S)")
_MORE = re.compile(rf"[\s*_`(\[/|{_DASH}]{{0,6}}(?=\d)")
_DATE_LIKE = re.compile(
    r"\d{1,4}([-/])\d{1,2}\1\d{1,4}(?![.\d])|\d{1,2}\.\d{1,2}\.\d{4}(?![.\d])|(?P<a>[0-3]?\d)/(?P<b>[01]?\d)(?![/\d])"
)
_SHORT_WORDS = re.compile(r"[\s:,(\[|~\u2013\u2014-]*(?:\w{1,5}[\s:]+){0,2}(?=\d{1,2}[:h]\d\d)")
_HALF_LIKE = re.compile(r"\s?[ap]\.?\s?m\b", re.I)
_PLAIN = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys("\u2236\uff1a", ":"),
        **dict.fromkeys("\u200b\u200e\u200f\u202a\u202c\u202f\u00a0\u3000\ufeff", " "),
        "\uff0f": "/",
        "\u2019": "'",
    }
)
"""Signs that look the same, one for one, so that a place in this text is that place in the line."""


def read_moment(text: str, *, dots: bool = False) -> tuple[Moment, str] | Unreadable | None:
    """The moment that a text begins with, and the text after it; None if it does not begin with one.

    ``dots``: 14.03 is a time, as in a column of times.
    """
    return _Reading(text[:READ].translate(_PLAIN), dots=dots).read(text)


@dataclass(slots=True)
class _Reading:
    """Reads the beginning of a line, from left to right."""

    text: str
    dots: bool = False
    pos: int = 0
    about: bool = False
    opened: bool = False
    closed: bool = False

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.pos)
        if found:
            self.pos = found.end()
        return found

    def read(self, whole: str) -> tuple[Moment, str] | Unreadable | None:
        opening = self.take(_OPEN)
        self.opened = bool(opening and opening[0].strip())
        self.take_about()
        lead = self.pos
        if led := self.take(_LEAD):
            self.dots = self.dots or led[0].lower().startswith("kl")
            self.take(_OPEN)
            self.take_about()
        if epoch := self.take(_EPOCH):
            return _since_1970(epoch), self.words(whole)
        start = self.pos
        zone = self.read_zone_before()
        day = self.read_day()
        if isinstance(day, Unreadable):
            return day
        found = self.read_time(day, zone, whole)
        if found is None and lead == start and looks_like_clock(self.text, start):
            return Unreadable.UNREAD
        return found

    def read_time(self, day: Day | None, zone: str | None, whole: str) -> tuple[Moment, str] | Unreadable | None:
        after_day = self.pos
        if day:
            self.take(_JOIN)
            self.take_about()
        basic = day is not None and self.text[self.pos - 1 : self.pos].upper() in {"T", "_"}
        zone = zone or (self.read_zone_before() if day else None)
        found = match_clock(self.text, self.pos, basic=basic, dots=self.dots)
        if found:
            time, self.pos = found
            if isinstance(time, Unreadable) or (time.since_midnight is None and day is None):
                return time if isinstance(time, Unreadable) else Unreadable.TEMPLATE
            return self.finish(Moment(day, time, time.precision, zone), whole)
        self.pos = after_day
        if day is None:
            return Unreadable.TEMPLATE if _TEMPLATE.match(self.text, self.pos) else None
        return self.finish_day(day, whole)

    def finish_day(self, day: Day, whole: str) -> tuple[Moment, str] | Unreadable | None:
        if not self.at_boundary():
            return None
        if looks_like_clock(self.text, self.after_joint()) or self.has_time_behind():
            return Unreadable.UNREAD
        until = self.read_days_until()
        return Moment(day, until=until), self.words(whole)

    def after_joint(self) -> int:
        joint = _JOIN.match(self.text, self.pos)
        return joint.end() if joint else self.pos

    def finish(self, moment: Moment, whole: str) -> tuple[Moment, str] | Unreadable:
        self.take_about()
        moment = replace(moment, zone=moment.zone or self.read_zone(moment))
        moment = self.read_until(moment)
        if moment.until and (zone := self.read_zone(moment)):
            moment = replace(moment, zone=moment.zone or zone)
        if moment.day is None:
            day = self.read_day_after()
            if isinstance(day, Unreadable):
                return day
            moment = replace(moment, day=day, zone=moment.zone or (self.read_zone(moment) if day else None))
        elif moment.day.year is None and (found := self.take(_YEAR_LAST)):
            year = int(found["y"])
            others = tuple(replace(one, year=year) for one in moment.day.others)
            moment = replace(moment, day=replace(moment.day, year=year, others=others))
        if self.has_more(moment):
            return Unreadable.UNREAD
        if self.about and moment.precision in {Precision.SECOND, Precision.MINUTE}:
            moment = replace(moment, precision=Precision.TEN_MINUTES)
        return moment, self.words(whole)

    def take_about(self) -> None:
        if self.take(_ABOUT):
            self.about = True

    def at_boundary(self) -> bool:
        return not self.text[self.pos : self.pos + 1].isalnum()

    def has_more(self, moment: Moment) -> bool:
        """Whether something like a time follows. A second time with a zone beside the first one's is a text."""
        if _HALF_LIKE.match(self.text, self.pos) and moment.time and moment.time.half is None:
            return True
        found = _MORE.match(self.text, self.pos)
        if found is None:
            return False
        if moment.day is None and (date := _DATE_LIKE.match(self.text, found.end())):
            return date["a"] is None or int(date["a"]) > int(date["b"])  # 3/20 is a share, 20/11 is not
        again = match_clock(self.text, found.end())
        return again is not None and moment.zone is None and not isinstance(again[0], Unreadable)

    def has_time_behind(self) -> bool:
        """Whether a time follows a date after one or two short words."""
        found = _SHORT_WORDS.match(self.text, self.pos)
        return found is not None and match_clock(self.text, found.end()) is not None

    def read_day(self) -> Day | Unreadable | None:
        found = match_day(self.text, self.pos)
        if found is None:
            return None
        day, self.pos = found
        return day

    def read_zone_before(self) -> str | None:
        """As in ``UTC 14:03`` or ``[PST] 2:03 PM``: only if a time follows."""
        before = self.pos
        found = self.take(_ZONE)
        if found and (found["zone"][0].isalpha() or found["zone"][-1].isalpha()):
            self.take(_CLOSE)
            self.take(re.compile(r"[\s,:]*"))
            if self.pos > found.end() and match_clock(self.text, self.pos):
                return found["zone"]
        self.pos = before
        return None

    def read_zone(self, moment: Moment) -> str | None:
        found = _ZONE.match(self.text, self.pos)
        if found is None:
            hours = _HOURS_OFF.match(self.text, self.pos) if moment.day and self.is_iso() else None
            if hours:
                self.pos = hours.end()
            return f"{hours['zone']}:00" if hours else None
        zone = found["zone"]
        minutes_like = zone[0] in "-\u2212" and ":" in zone
        if minutes_like and not (moment.day and (moment.precision is Precision.SECOND or self.is_iso())):
            return None  # 13:30-13:45 is a range
        self.pos = found.end()
        return zone

    def is_iso(self) -> bool:
        return re.search(r"\d[T_]\d", self.text[: self.pos]) is not None

    def read_until(self, moment: Moment) -> Moment:
        before = self.pos
        if not self.take(_RANGE):
            return moment
        self.take_about()
        start = self.pos
        day = match_day(self.text, self.pos)
        if day and isinstance(day[0], Day):
            self.pos = day[1]
            self.take(_JOIN)
        found = match_clock(self.text, self.pos, dots=self.dots)
        end = found[0] if found else None
        if found and isinstance(end, ClockTime):
            self.pos = found[1]
            return replace(moment, until=self.text[start : self.pos].strip(), time=_start_of(moment.time, end))
        self.pos = before
        return moment

    def read_days_until(self) -> str | None:
        """The last date of several, as in ``2025-11-20 to 2025-11-22``."""
        before = self.pos
        if self.take(_RANGE):
            start = self.pos
            day = match_day(self.text, self.pos)
            if day and isinstance(day[0], Day) and day[0].month:
                self.pos = day[1]
                return self.text[start : self.pos].strip()
        self.pos = before
        return None

    def read_day_after(self) -> Day | Unreadable | None:
        """As in ``22:30 UTC (Oct 29)``, ``14:03, 15 January 2024`` or ``14:03 19/11/2025``."""
        before = self.pos
        joined = self.take(_TO_DAY)
        found = match_day(self.text, self.pos) if joined else None
        if joined and found and self.is_meant(found, joined[0]):
            day, self.pos = found
            self.take(re.compile(r"[)\]*_`]*"))
            return day
        self.pos = before
        return None

    def is_meant(self, found: tuple[Day | Unreadable, int], joint: str) -> bool:
        """Of words after a time, such as "3 May" or "Monday": a date only if it stands by itself."""
        day, end = found
        if isinstance(day, Unreadable):
            return day is not Unreadable.RELATIVE or "(" in joint
        stands = re.match(r"\s*(?:$|[):,;|*_`\u2013\u2014]|-\s|\(?(?-i:[A-Z]{2,5})\b|->|\u2192)", self.text[end:])
        return day.year is not None or "(" in joint or stands is not None

    def words(self, whole: str) -> str:
        """The text that follows, without the marks that separate it from the moment."""
        closing = self.take(_CLOSE)
        separator = self.take(_SEPARATOR)
        if self.opened and separator and separator[0].strip() and not (closing and closing[0]):
            late = re.match(r"(?:\*{1,3}|_{1,3}|`|~~)(?=\s|$)", self.text[self.pos :])
            self.pos += late.end() if late else 0
        return whole[self.pos :].strip()


def _start_of(start: ClockTime | None, end: ClockTime) -> ClockTime | None:
    """The start of a range such as 2:03-2:10 PM, where the half of the day is written once."""
    if start is None or end.half is None or not start.may_be_either_half:
        return start
    limit = end.since_midnight or timedelta()
    half = end.half if start.in_half(end.half) <= limit else (Half.AM if end.half is Half.PM else Half.PM)
    return replace(start, since_midnight=start.in_half(half), half=half)


def _since_1970(found: re.Match[str]) -> Moment:
    at = datetime.fromtimestamp(int(found["s"]), UTC)
    part = (found["part"] or found["f"] or "")[:6]
    if part:
        at += timedelta(microseconds=int(part.ljust(6, "0")))
    return Moment(precision=Precision.SECOND, at=at)

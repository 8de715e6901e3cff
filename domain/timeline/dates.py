"""Reads dates as people write them: in numbers, with the name of a month in many languages, and by a weekday."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import chain

from domain.timeline.calendar_words import months_named, weekday_named


class DateOrder(StrEnum):
    """Which part of a date in numbers comes first."""

    DAY_FIRST = "DAY_FIRST"
    MONTH_FIRST = "MONTH_FIRST"
    YEAR_FIRST = "YEAR_FIRST"


class Unreadable(StrEnum):
    """Why a text that looks like a moment is none."""

    TEMPLATE = "template_row"
    NO_SUCH_DATE = "no_such_date"
    NO_SUCH_TIME = "no_such_time"
    WRONG_WEEKDAY = "wrong_weekday"
    RELATIVE = "relative_date"
    UNREAD = "unread_time"


@dataclass(frozen=True, slots=True)
class Day:
    """A date. Without a year, the year follows from the dates around it; so does all of it if only ``weekday`` is set.

    ``weekday`` counts from Monday, 0. ``others`` are further readings of the same numbers or of the same name.
    """

    month: int = 0
    day: int = 0
    year: int | None = None
    weekday: int | None = None
    reading: str = ""
    others: "tuple[Day, ...]" = ()

    def readings(self, around: date | None, chosen: str | None = None) -> list[tuple[str, date]] | Unreadable:
        """Each possible date with the name of its reading; empty if only a date nearby could complete it."""
        every = [self, *self.others]
        options = [one for one in every if one.reading == chosen] or every
        found = [(one.reading, at) for one in options if (at := one.near(around))]
        fitting = [(name, at) for name, at in found if self.weekday in {None, at.weekday()}]
        if found and not fitting:
            return Unreadable.WRONG_WEEKDAY
        if not found and all(one.year is not None for one in options):
            return Unreadable.NO_SUCH_DATE
        return _without_far_years(fitting, around)

    def near(self, around: date | None) -> date | None:
        """The date; without a year, the one nearest to ``around``. None if both are missing."""
        if self.year is not None:
            return real_date(self.year, self.month, self.day)
        if around is None:
            return None
        if not self.month:
            days = (date.fromordinal(around.toordinal() + off) for off in range(-3, 4))
            return next(one for one in days if one.weekday() == self.weekday)
        years = (around.year - 1, around.year, around.year + 1)
        found = [one for year in years if (one := real_date(year, self.month, self.day))]
        return min(found, key=lambda one: abs(one - around), default=None)


def _without_far_years(found: list[tuple[str, date]], around: date | None) -> list[tuple[str, date]]:
    """Without the reading "year first" of a date such as 20/11/25, if only the other year is near."""
    if around is None or len(found) < 2:
        return found
    rest = [(name, at) for name, at in found if name != DateOrder.YEAR_FIRST]
    near = [abs(at.year - around.year) <= 1 for _, at in rest]
    first = [abs(at.year - around.year) <= 1 for name, at in found if name == DateOrder.YEAR_FIRST]
    return rest if any(near) and not any(first) else found


def real_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1970 <= year <= 2200 else None
    except ValueError:
        return None


_WORD = r"[^\W\d_]"
_NAME = rf"(?P<mon>{_WORD}{{2,14}})\.?"
_YEAR_AFTER = r"(?:,?\s+(?:del?\s+)?(?P<y>(?:19|20)\d{2})(?!\d|:\d)(?:\s?(?:\u0433|r)\.)?)?"
_NO_CLOCK = r"(?![\d:])(?!\s?[ap]\.?m\b)"
_DAY_SPAN = r"(?P<span>\s?[-\u2013]\s?\d{1,2}(?![\d:]))?"
_ORDINAL = r"(?:st|nd|rd|th|er|\.|\u00ba)?"
_CLOCK_NEXT = r"(?=(?:[\s,@T-]|\bat\b|\bum\b|\bkl\b)*~?\d{1,2}(?:[:hH]\d|\.\d\d\b|\s?[ap]\.?\s?m\b))"
_DATES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d)",
        r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?=T\d|[\s,]+\d{1,2}[:h]\d|\s*$)",
        r"(?P<y>\d{4})\s?[\u5e74\ub144]\s?(?P<m>\d{1,2})\s?[\u6708\uc6d4]\s?(?P<d>\d{1,2})\s?[\u65e5\uc77c\u53f7]",
        r"(?P<y>\d{4})\.\s(?P<m>\d{1,2})\.\s(?P<d>\d{1,2})\.?(?!\d)",
        r"(?P<m>\d{1,2})\s?[\u6708\uc6d4]\s?(?P<d>\d{1,2})\s?[\u65e5\uc77c\u53f7]",
        r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})(?!\d)",
        r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})(?![\d:])",
        r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\." + _CLOCK_NEXT,
        r"(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/])(?:" + _CLOCK_NEXT + r"|(?=\s*$|\s*[:\u2013\u2014]\s|\s-\s))",
        rf"(?P<y>(?:19|20)\d{{2}})(?:[-/.]|\.?\s){_NAME}(?:[-/]|\s+)(?P<d>\d{{1,2}})\.?(?![\d:])",
        rf"(?P<d>\d{{1,2}})(?P<sep>[-/]|){_NAME}(?P=sep)(?P<y>\d{{4}}|(?<=[-/])\d{{2}})(?!\d)",
        rf"(?P<d>\d{{1,2}})(?P<sep>[-/]){_NAME}(?![-/\w])",
        rf"{_NAME}\s?(?:\s|-|\u2013)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?{_NO_CLOCK}{_DAY_SPAN}{_YEAR_AFTER}",
        rf"(?P<d>\d{{1,2}}){_ORDINAL}\s+(?:de\s+|of\s+)?{_NAME}{_YEAR_AFTER}",
    )
)
_ODD = re.compile(r"\d{5,}[-/]\d{1,2}[-/]\d{1,2}|\d{4}[-/]\d{1,2}[-/]\d{3,}")
_WEEKDAY = re.compile(rf"(?P<wd>{_WORD}{{1,14}}|[\u6708\u706b\u6c34\u6728\u91d1\u571f\u65e5])\.?,?")
_WEEKDAY_AFTER = re.compile(
    rf",?\s*[(\[\uff08]?(?P<wd>{_WORD}{{2,14}}|[\u6708\u706b\u6c34\u6728\u91d1\u571f\u65e5])\.?[)\]\uff09]?(?!\w)"
)
_RELATIVE = re.compile(r"(?:today|yesterday|tomorrow|heute|gestern|hier|hoy|ayer|this morning|last night)\b", re.I)
_ENDS = re.compile(r"\s*(?:$|[|:,;)\]*_`\u2013\u2014]|-\s|(?:at\s|@\s?|T)?~?\d{1,2}(?:[:hH.]\d|\s?[ap]\.?m))", re.I)
_ALSO_WORDS = frozenset({"may", "march", "mar", "set", "out", "ago", "mai", "sat", "dec", "abr", "lip", "est"})
"""Names of months, in some language, that are words of sentences too."""


def match_day(text: str, at: int) -> tuple[Day | Unreadable, int] | None:
    """The date that begins there, and where it ends. A weekday alone is a date if a time or the end follows."""
    if _ODD.match(text, at):
        return Unreadable.NO_SUCH_DATE, at
    if relative := _RELATIVE.match(text, at):
        return (Unreadable.RELATIVE, relative.end()) if _ENDS.match(text, relative.end()) else None
    start, weekday = at, None
    if found := _WEEKDAY.match(text, at):
        weekday = weekday_named(found["wd"])
        start = found.end() if weekday is not None else at
        start += len(text[start:]) - len(text[start:].lstrip())
    read = _match_date(text, start)
    plain = _match_date(text, at) if weekday is not None else None
    if plain and (read is None or plain[1] >= read[1]):
        read, weekday = plain, None  # "Mar" is a month in English and Tuesday in French
    if read is None:
        alone = weekday is not None and _ENDS.match(text, start) and not text[at : at + 1].islower()
        return (Day(weekday=weekday), start) if alone else None
    day, end = read
    if isinstance(day, Unreadable):
        return day, end
    after = _WEEKDAY_AFTER.match(text, end) if weekday is None else None
    if after and (named := weekday_named(after["wd"])) is not None:
        weekday, end = named, after.end()
    return replace(day, weekday=weekday), end


def _match_date(text: str, at: int) -> tuple[Day | Unreadable, int] | None:
    for pattern in _DATES:
        if found := pattern.match(text, at):
            day = _day(found.groupdict(), ends=_ENDS.match(text, found.end()) is not None)
            if day is not None:
                return day, found.end()
    return None


def find_day(text: str) -> Day | None:
    """The first date anywhere in a text that names its month, or its year, month and day."""
    starts = (found.start() for found in re.finditer(r"(?<!\w)\w", text[:400]))
    for start in starts:
        read = match_day(text, start)
        if read and isinstance(read[0], Day) and read[0].month:
            return read[0]
    return None


def find_whole_date(text: str) -> date | None:
    """The date that :func:`find_day` finds, if it is written with its year and can be read in one way only."""
    day = find_day(text)
    return date(day.year, day.month, day.day) if day and day.year and not day.others else None


def _day(parts: Mapping[str, str | None], *, ends: bool) -> Day | Unreadable | None:
    """None: the words only look like a date."""
    year = int(parts["y"] or 0) if parts.get("y") else None
    if year is not None and year < 100:
        year += 2000
    if name := parts.get("mon"):
        return _day_of_month(months_named(name), int(parts["d"] or 0), year, name, ends=ends)
    if parts.get("a"):
        return _in_some_order(int(parts["a"] or 0), int(parts["b"] or 0), year, parts)
    day = Day(int(parts["m"] or 0), int(parts["d"] or 0), year)
    return day if is_possible(day) else Unreadable.NO_SUCH_DATE


def _day_of_month(
    months: tuple[int, ...], day: int, year: int | None, name: str, *, ends: bool
) -> Day | Unreadable | None:
    if not months or (year is None and not ends and (name.lower() in _ALSO_WORDS and name.islower())):
        return None
    days = [Day(month, day, year, reading=f"{name.lower()}={month}") for month in months]
    possible = [one for one in days if is_possible(one)]
    if not possible:
        return Unreadable.NO_SUCH_DATE
    return replace(possible[0], others=tuple(possible[1:]))


def _in_some_order(
    first: int, second: int, year: int | None, parts: Mapping[str, str | None]
) -> Day | Unreadable | None:
    """Numbers whose order is not known. With dots, the day comes first everywhere; 1.25.10 is a version."""
    options = [Day(second, first, year, reading=DateOrder.DAY_FIRST)]
    if parts.get("sep") != ".":
        options.append(Day(first, second, year, reading=DateOrder.MONTH_FIRST))
    if year is not None and len(parts["y"] or "") == 2 and first >= 20:
        options.append(Day(second, int(parts["y"] or 0), 2000 + first, reading=DateOrder.YEAR_FIRST))
    possible = [one for one in options if is_possible(one)]
    if not possible:
        return None if parts.get("sep") == "." and len(parts["y"] or "") == 2 else Unreadable.NO_SUCH_DATE
    if first == second:
        possible = possible[:1]
    return replace(possible[0], others=tuple(possible[1:]))


def is_possible(day: Day) -> bool:
    return real_date(day.year or 2024, day.month, day.day) is not None


ORDERS: Mapping[DateOrder, re.Pattern[str]] = {
    DateOrder.DAY_FIRST: re.compile(r"\bdd?[-/. ]mm?[-/. ]yy(?:yy)?\b", re.I),
    DateOrder.MONTH_FIRST: re.compile(r"\bmm?[-/. ]dd?[-/. ]yy(?:yy)?\b", re.I),
    DateOrder.YEAR_FIRST: re.compile(r"\byy[-/. ]mm?[-/. ]dd?\b", re.I),
}


def stated_order(text: str) -> DateOrder | None:
    """The order that a heading or the name of a column states, such as "Date (DD/MM/YYYY)"."""
    return next(chain((order for order, pattern in ORDERS.items() if pattern.search(text[:300]))), None)

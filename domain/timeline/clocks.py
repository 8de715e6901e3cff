"""Reads times of day as people write them: 24-hour and 12-hour clocks, unknown digits, and words for noon."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.timeline.dates import Unreadable


class Precision(StrEnum):
    """How exactly an instant is known. The instant is the earliest that was meant; the true one lies within this."""

    SECOND = "SECOND"
    MINUTE = "MINUTE"
    TEN_MINUTES = "TEN_MINUTES"
    HOUR = "HOUR"
    DAY = "DAY"


class Half(StrEnum):
    """Which half of the day a time is in; the value names the reading of a time that could be in either."""

    AM = "AM"
    PM = "PM"


NOON = timedelta(hours=12)
START_OF_DAY, END_OF_DAY = "START_OF_DAY", "END_OF_DAY"


@dataclass(frozen=True, slots=True)
class ClockTime:
    """``since_midnight`` is None if no digit is known. ``half``: it was written with AM, PM, or a word for them.

    ``is_midnight``: the word, which means the start or the end of a day.
    """

    since_midnight: timedelta | None
    precision: Precision
    half: Half | None = None
    is_midnight: bool = False

    @property
    def may_be_either_half(self) -> bool:
        """Whether a 12-hour clock may have shown it in both halves of the day."""
        hours = self.since_midnight
        return hours is not None and self.half is None and timedelta(hours=1) <= hours < timedelta(hours=13)

    def in_half(self, half: Half) -> timedelta:
        hours = (self.since_midnight or timedelta()) % NOON
        return hours + (NOON if half is Half.PM else timedelta())

    def readings(self, *, twelve: bool) -> list[tuple[str, timedelta]]:
        """Each time that can be meant, with its name. ``twelve``: the text uses a 12-hour clock elsewhere."""
        if self.is_midnight:
            return [(START_OF_DAY, timedelta()), (END_OF_DAY, timedelta(days=1))]
        if twelve and self.may_be_either_half:
            return [(half.value, self.in_half(half)) for half in Half]
        return [("", self.since_midnight or timedelta())]


_END = r"(?=Z\b|[^\w:?]|:(?![\d?])|$)"
_HALF = r"(?:\s?(?P<half>[ap]\.?\s?m\b\.?)|(?P<letter>[ap])\b)"
_BEFORE = r"(?:(?P<before>\u5348\u524d|\u5348\u5f8c|\u4e0a\u5348|\u4e0b\u5348|\uc624\uc804|\uc624\ud6c4)\s?)?"
_AFTERNOON = {"\u5348\u5f8c", "\u4e0b\u5348", "\uc624\ud6c4"}
_OCLOCK = r"(?:\s?(?:Uhr|hrs?|hours)\b\.?|h\b)"
_CLOCKS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # 14:03, 14:03:22.5, 2:03 PM, 14h03, 14:??, 1x:xx
        _BEFORE + r"(?P<h>\d{1,2}|\d[?x]|[?x_-]{2})(?:[:h])(?P<m>\d{2}|\d[?x_-]|[?x_-]{2})"
        r"(?::(?P<s>\d{2}|[?x_-]{2})(?:[.,](?P<f>\d{1,9}))?)?" + rf"(?:{_HALF})?{_OCLOCK}?{_END}",
        # 2 PM, 2p.m.
        _BEFORE + r"(?P<h>\d{1,2})\s?(?P<half>[ap]\.?\s?m\b\.?)(?!\w|:\d)",
        # 2.03 p.m., 14.03 Uhr
        r"(?P<h>\d{1,2})\.(?P<m>\d{2})(?:\.(?P<s>\d{2}))?" + rf"(?:{_HALF}|{_OCLOCK}){_END}",
        # 14 Uhr, 14 Uhr 03
        r"(?P<h>\d{1,2})\s?Uhr\b(?:\s(?P<m>\d{2})\b)?",
        # 14時03分, 오후 2시 3분
        _BEFORE + r"(?P<h>\d{1,2})\s?[\u6642\u65f6\u70b9\u9ede\uc2dc]\s?(?:(?P<m>\d{1,2})\s?[\u5206\ubd84])?"
        r"(?:\s?(?P<s>\d{1,2})\s?[\u79d2\ucd08])?",
        # 1403Z, 1403 UTC, 1403 hrs; 140322Z
        r"(?P<h>[01]\d|2[0-4])(?P<m>[0-5]\d)(?P<s>[0-5]\d)?(?=Z\b|\s?(?:UTC|GMT)\b)",
        r"(?P<h>[01]\d|2[0-4])(?P<m>[0-5]\d)\s?(?:hrs?|hours|h)\b",
    )
)
_AFTER_T = re.compile(r"(?P<h>[01]\d|2[0-4])(?P<m>[0-5]\d)(?P<s>[0-5]\d)?(?:[.,](?P<f>\d{1,9}))?(?=Z|[+-]\d|\b)")
_WITH_DOT = re.compile(r"(?P<h>\d{1,2})\.(?P<m>\d{2})(?:\.(?P<s>\d{2}))?(?!\.?\d)" + rf"(?:{_HALF})?{_END}", re.I)
_WORD = re.compile(r"(?:12\s)?(?P<word>noon|midday|midnight)\b(?!-\w)", re.I)
_LOOKS = re.compile(
    r"\d{1,2}\s?[:;]\s?\d{1,3}(?!\d|\.\d)|\d{1,2}\.\d{2}(?![\w.])|\d{1,2}\s?o'clock|\d{3,4}\s?[ap]\.?m\b"
    r"|(?:half|quarter) (?:past|to) \w+",
    re.I,
)
_RATIO = re.compile(r"\d[:]\d(?!\d)")
_ADDRESS = re.compile(r"\d{1,3}\.\d{1,3}\.\d|\d+\.\d+\s?(?:%|[smhkgtb]+\b|x\b)", re.I)


def match_clock(
    text: str, at: int, *, basic: bool = False, dots: bool = False
) -> tuple[ClockTime | Unreadable, int] | None:
    """The time that begins there, and where it ends. ``basic``: 1403 is a time, as after the T of ISO 8601.

    ``dots``: 14.03 is a time.
    """
    if found := _WORD.match(text, at):
        midnight = found["word"].lower() == "midnight"
        return ClockTime(
            timedelta() if midnight else NOON, Precision.MINUTE, Half.PM, is_midnight=midnight
        ), found.end()
    patterns = (*_CLOCKS, *((_AFTER_T,) if basic else ()), *((_WITH_DOT,) if dots else ()))
    for pattern in patterns:
        if found := pattern.match(text, at):
            return _clock(found.groupdict()), found.end()
    return None


def looks_like_clock(text: str, at: int) -> bool:
    """Whether the text there is written like a time, though none can be read."""
    found = _LOOKS.match(text, at)
    return found is not None and not _RATIO.match(text, at) and not _ADDRESS.match(text, at)


def _clock(parts: dict[str, str | None]) -> ClockTime | Unreadable:
    hour, minute, second = (parts["h"] or "").lower(), (parts.get("m") or "").lower(), parts.get("s") or ""
    if not hour[0].isdigit():
        return ClockTime(None, Precision.DAY)
    if not hour.isdigit():
        hours = int(hour[0]) * 10
        return Unreadable.NO_SUCH_TIME if hours > 20 else ClockTime(timedelta(hours=hours), Precision.DAY)
    half = _half(parts)
    hours = int(hour)
    if half and (hours == 0 or hours > 12) and not _agrees(hours, half):
        return Unreadable.NO_SUCH_TIME
    if half and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half is Half.PM else 0)
    minutes, precision = _minutes(minute)
    if second.isdigit() and precision is Precision.MINUTE:
        precision = Precision.SECOND
    seconds = int(second) if second.isdigit() else 0
    if minutes > 59 or hours > 24 or (hours == 24 and (minutes or seconds)) or seconds > 60:
        return Unreadable.NO_SUCH_TIME
    micro = int((parts.get("f") or "0")[:6].ljust(6, "0"))
    at = timedelta(hours=hours, minutes=minutes, seconds=min(seconds, 59), microseconds=micro)
    return ClockTime(at, precision, half)


def _minutes(written: str) -> tuple[int, Precision]:
    if written.isdigit():
        return int(written), Precision.MINUTE
    if not written:
        return 0, Precision.MINUTE
    return (int(written[0]) * 10, Precision.TEN_MINUTES) if written[0].isdigit() else (0, Precision.HOUR)


def _half(parts: dict[str, str | None]) -> Half | None:
    if before := parts.get("before"):
        return Half.PM if before in _AFTERNOON else Half.AM
    written = parts.get("half") or parts.get("letter")
    if not written:
        return None
    return Half.PM if written[0].lower() == "p" else Half.AM


def _agrees(hours: int, half: Half) -> bool:
    """A "pm" after 17:14 says nothing new; an "am" contradicts it."""
    return (half is Half.PM) is (hours >= 12)

"""Time zones as people write them, and the conversion of local time to UTC.

IANA names and UTC offsets are unambiguous. An abbreviation with one meaning is an offset; one such as "PT" stands for
a place; one with several meanings is refused with the list of choices.
"""

import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel.core import get_global
from dateutil.zoneinfo import getzoneinfofile_stream

_HOUR = 60
FIXED: Mapping[str, int] = MappingProxyType(
    {
        "UTC": 0,
        "GMT": 0,
        "Z": 0,
        "ZULU": 0,
        "WET": 0,
        "WEST": 1 * _HOUR,
        "CET": 1 * _HOUR,
        "CEST": 2 * _HOUR,
        "MEZ": 1 * _HOUR,
        "MESZ": 2 * _HOUR,
        "EET": 2 * _HOUR,
        "EEST": 3 * _HOUR,
        "MSK": 3 * _HOUR,
        "SAST": 2 * _HOUR,
        "PKT": 5 * _HOUR,
        "EST": -5 * _HOUR,
        "EDT": -4 * _HOUR,
        "CDT": -5 * _HOUR,
        "MST": -7 * _HOUR,
        "MDT": -6 * _HOUR,
        "PST": -8 * _HOUR,
        "PDT": -7 * _HOUR,
        "AKST": -9 * _HOUR,
        "AKDT": -8 * _HOUR,
        "HST": -10 * _HOUR,
        "BRT": -3 * _HOUR,
        "ART": -3 * _HOUR,
        "NST": -3 * _HOUR - 30,
        "NDT": -2 * _HOUR - 30,
        "TRT": 3 * _HOUR,
        "IRST": 3 * _HOUR + 30,
        "UZT": 5 * _HOUR,
        "NPT": 5 * _HOUR + 45,
        "ICT": 7 * _HOUR,
        "WIB": 7 * _HOUR,
        "WITA": 8 * _HOUR,
        "PHT": 8 * _HOUR,
        "SGT": 8 * _HOUR,
        "HKT": 8 * _HOUR,
        "JST": 9 * _HOUR,
        "KST": 9 * _HOUR,
        "AWST": 8 * _HOUR,
        "ACST": 9 * _HOUR + 30,
        "ACDT": 10 * _HOUR + 30,
        "AEST": 10 * _HOUR,
        "AEDT": 11 * _HOUR,
        "NZST": 12 * _HOUR,
        "NZDT": 13 * _HOUR,
    }
)
"""Minutes east of Greenwich."""
PLACES: Mapping[str, str] = MappingProxyType(
    {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
)
AMBIGUOUS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CST": ("America/Chicago", "Asia/Shanghai", "America/Havana"),
        "IST": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
        "BST": ("Europe/London", "Asia/Dhaka"),
        "AST": ("America/Halifax", "Asia/Riyadh"),
        "GST": ("Asia/Dubai", "Atlantic/South_Georgia"),
        "SST": ("Pacific/Pago_Pago", "Asia/Singapore"),
        "WST": ("Australia/Perth", "Pacific/Apia"),
        "AMT": ("America/Manaus", "Asia/Yerevan"),
    }
)
"""Abbreviations with several meanings, and a place for each meaning."""
SEASONAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("CET", "CEST", "MEZ", "MESZ"), ("Europe/Berlin", "CEST", "CET")),
        **dict.fromkeys(("EET", "EEST"), ("Europe/Helsinki", "EEST", "EET")),
        **dict.fromkeys(("PST", "PDT"), ("America/Los_Angeles", "PDT", "PST")),
        **dict.fromkeys(("EST", "EDT"), ("America/New_York", "EDT", "EST")),
        **dict.fromkeys(("MST", "MDT"), ("America/Denver", "MDT", "MST")),
    }
)
"""Abbreviations that people also write in the wrong half of the year: a place, its summer name and its winter name."""

_OFFSET = re.compile(r"(?:UTC|GMT)?\s?([+\u2212-])(\d{1,2})(?::?(\d{2}))?", re.I)
_IANA = re.compile(r"[A-Za-z]{2,30}(?:/[A-Za-z0-9_+-]{1,30}){1,2}")
WRITTEN = (
    r"(?:(?:UTC|GMT)\s?[+\u2212-]\d{1,2}(?::?\d{2})?|[+\u2212-]\d{2}:?\d{2}(?!\d)"
    r"|(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Canada|Europe|Indian|Pacific|US|Etc)/[A-Za-z0-9_+/-]{2,40}"
    rf"|(?:{'|'.join(sorted([*FIXED, *PLACES, *AMBIGUOUS], key=len, reverse=True))})\b)"
)
"""A regular expression for text that may be a zone. Abbreviations must be in upper case."""


_WORDS_TOO = {"ART", "ICT", "WEST", "WET", "Z", "ZULU", *PLACES}
ABBREVIATIONS = "|".join(
    rf"{name.lower()}\b" for name in sorted({*FIXED, *AMBIGUOUS} - _WORDS_TOO, key=len, reverse=True)
)
"""A regular expression for abbreviations in small letters, without those that are words of a sentence."""


_SPOKEN = {
    "pacific": "America/Los_Angeles",
    "mountain": "America/Denver",
    "central": "America/Chicago",
    "eastern": "America/New_York",
    "london": "Europe/London",
    "uk": "Europe/London",
    "berlin": "Europe/Berlin",
}
SPOKEN_ZONE = (
    rf"(?:{'|'.join(_SPOKEN)})(?:\s(?:standard|daylight|summer))?"
    r"(?:\stime\b|(?=\s*(?:[:,)]|[\u2013\u2014-]\s|$)))"
)
"""A regular expression for zones such as "Pacific time"; without "time", only where the sentence ends with it."""
_SPOKEN_TIME = re.compile(rf"\b({'|'.join(_SPOKEN)})(?: (?:standard|daylight|summer))? time\b", re.I)
_TIME = re.compile(r"(?: (?:standard|daylight|summer))?(?: time)?$", re.I)


class ZoneProblem(StrEnum):
    UNKNOWN = "unknown_zone"
    AMBIGUOUS = "ambiguous_zone"


@dataclass(frozen=True, slots=True)
class Zone:
    """``rules`` converts local time; ``name`` is the zone as it was written."""

    name: str
    rules: tzinfo


@dataclass(frozen=True, slots=True)
class NoZone:
    """Text that does not name exactly one zone. ``choices`` are its possible meanings."""

    name: str
    why: ZoneProblem
    choices: tuple[str, ...] = ()


class Clock(StrEnum):
    """How often a local time occurs in its zone, which depends on daylight saving time."""

    ONCE = "once"
    TWICE = "twice"
    NEVER = "never"


UTC_ZONE = Zone("UTC", UTC)


def read_zone(written: str, default: Zone | None = None) -> Zone | NoZone:
    """The zone that the text names. An ambiguous abbreviation has the meaning that it has in the ``default`` zone."""
    name = " ".join(written.split())
    upper = name.upper()
    if upper in FIXED:
        return Zone(name, timezone(timedelta(minutes=FIXED[upper])))
    if upper in AMBIGUOUS:
        choices = AMBIGUOUS[upper]
        meaning = _meaning_in(default, upper)
        return Zone(name, meaning) if meaning else NoZone(name, ZoneProblem.AMBIGUOUS, choices)
    if found := _OFFSET.fullmatch(name):
        return _offset(name, found)
    place = _SPOKEN.get(_TIME.sub("", name).lower()) or PLACES.get(upper) or _windows_zones().get(upper, name)
    rules = _rules(place) if _IANA.fullmatch(place) else None
    return Zone(name, rules) if rules else NoZone(name, ZoneProblem.UNKNOWN)


@cache
def _windows_zones() -> Mapping[str, str]:
    """Such as "W. Europe Standard Time", which Windows and Office write."""
    zones: Mapping[str, str] = get_global("windows_zone_mapping")
    return {name.upper(): place for name, place in zones.items()}


def _offset(name: str, found: re.Match[str]) -> Zone | NoZone:
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes > 14 * 60 or int(found[3] or 0) > 59:
        return NoZone(name, ZoneProblem.UNKNOWN)
    return Zone(name, timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes)))


def _meaning_in(default: Zone | None, abbreviation: str) -> tzinfo | None:
    """The offset for which the default zone uses the abbreviation."""
    for month in (1, 7) if default else ():
        at = datetime(2024, month, 15, 12, tzinfo=default.rules if default else None)
        offset = at.utcoffset()
        if at.tzname() == abbreviation and offset is not None:
            return timezone(offset)
    return None


@lru_cache(maxsize=512)
def _rules(name: str) -> tzinfo | None:
    """From the time zone database of the machine, or else from the one that dateutil includes."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return _bundled(name)


def _bundled(name: str) -> tzinfo | None:
    archive = getzoneinfofile_stream()
    if archive is None:
        return None
    with tarfile.open(fileobj=archive) as files:
        try:
            found = files.extractfile(name)
        except KeyError:
            return None
        return ZoneInfo.from_file(found, key=name) if found else None


def instant(local: datetime, zone: Zone) -> tuple[datetime, Clock]:
    """The UTC instant of a local time.

    In an hour that occurs twice it is the first one. In an hour that is skipped, the offset from before the change
    applies.
    """
    first = local.replace(tzinfo=zone.rules, fold=0)
    second = local.replace(tzinfo=zone.rules, fold=1)
    at = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return at, Clock.ONCE
    back = at.astimezone(zone.rules).replace(tzinfo=None)
    return at, Clock.TWICE if back == local else Clock.NEVER


def out_of_season(zone: Zone, at: datetime) -> str | None:
    """The abbreviation in use at that instant, if the zone was written with its summer name in winter or vice versa."""
    place = SEASONAL.get(zone.name.upper())
    rules = _rules(place[0]) if place else None
    if place is None or rules is None or at.astimezone(rules).utcoffset() == at.astimezone(zone.rules).utcoffset():
        return None
    return place[1] if zone.name.upper() in {place[2], "MEZ"} else place[2]


_STATED = re.compile(rf"(?<![A-Za-z0-9/])(?!Z\b){WRITTEN}")


def stated_zone(text: str) -> str | None:
    """The zone in a heading or a sentence such as "All times in CEST (UTC+2)". An offset is preferred to a name."""
    found = [match.group().strip() for match in _STATED.finditer(text[:300])]
    offsets = [one for one in found if one[-1].isdigit()]
    if offsets or found:
        return (offsets or found)[0]
    spoken = _SPOKEN_TIME.search(text[:300])
    return _SPOKEN[spoken[1].lower()] if spoken else None

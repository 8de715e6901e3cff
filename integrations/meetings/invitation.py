"""Meetings as files: RFC 5545 (iCalendar), RFC 5546 (invitations and replies), RFC 6638 (what a server must not send).

Written for what Outlook, Apple and Google take: CRLF, lines folded at 75 octets, a ``VTIMEZONE`` for a named zone,
``SEQUENCE``, ``RSVP=TRUE``, one alarm. A reply is read for its UID, its attendee and their answer only.

https://www.rfc-editor.org/rfc/rfc5545
https://www.rfc-editor.org/rfc/rfc5546
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText
from icalendar import Component as Walked
from icalendar import Event as Component

from domain.meetings.meeting import EventTimes, Response
from domain.meetings.suggestion import Span
from integrations.meetings.calendar import Event, Guest, whole_minutes

PRODUCT = "-//Afterword//Postmortem reviews//EN"
ALARM = timedelta(minutes=-10)
READ_LIMIT = 256 * 1024
"""Bytes of somebody else's file that are read."""
_PARTSTAT = {
    Response.NEEDS_ACTION: "NEEDS-ACTION",
    Response.ACCEPTED: "ACCEPTED",
    Response.TENTATIVE: "TENTATIVE",
    Response.DECLINED: "DECLINED",
}
_RESPONSE = {words: response for response, words in _PARTSTAT.items()}


class Method(StrEnum):
    """PUBLISH asks for no answer: it is what people download."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class NotACalendar(ValueError):
    """The bytes are no iCalendar file, or say nothing that we know."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an attendee answered. ``address`` is in lower case."""

    uid: str
    address: str
    response: Response
    sequence: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Read:
    """An event as a server keeps it."""

    uid: str
    times: EventTimes
    responses: dict[str, Response]
    title: str
    description: str
    is_cancelled: bool


# Writing


def write(
    event: Event, method: Method | None, now: datetime, *, reply_to: str | None = None, ours: bool = False
) -> bytes:
    """The whole file. ``method`` None is for a server, which wants none. ``reply_to`` stands in for the organizer's
    address, so that answers come to a mailbox that we read. ``ours``: the server that keeps it must send nothing."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method is not None:
        calendar.add("method", method.value)
    calendar.add_component(_component(event, method, now, reply_to, ours=ours))
    zone = _zone_of(event)
    if not _is_utc(zone):
        calendar.subcomponents.insert(0, _timezone(zone, event.times.starts_at))
    return bytes(calendar.to_ical())


def _component(event: Event, method: Method | None, now: datetime, reply_to: str | None, *, ours: bool) -> Component:
    component, zone = Component(), _zone_of(event)
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    component.add("dtstart", _local(event.times.starts_at, zone))
    component.add("dtend", _local(event.times.ends_at, zone))
    component.add("summary", _plain(event.title))
    if event.description:
        component.add("description", _plain(event.description, keep_lines=True))
    if event.times.location:
        component.add("location", _plain(event.times.location))
    if event.url:
        component.add("url", event.url)
    component.add("status", "CANCELLED" if method is Method.CANCEL else "CONFIRMED")
    component.add("class", "PUBLIC")
    component.add("transp", "OPAQUE")
    organizer = vCalAddress(f"mailto:{reply_to or event.organizer}")
    organizer.params["CN"] = vText(_quotable(event.organizer_name))
    if ours:
        organizer.params["SCHEDULE-AGENT"] = vText("CLIENT")
    component.add("organizer", organizer)
    for guest in event.guests:
        component.add("attendee", _attendee(guest, ours=ours))
    if method is not Method.CANCEL:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _plain(event.title))
        alarm.add("trigger", ALARM)
        component.add_component(alarm)
    return component


def _zone_of(event: Event) -> ZoneInfo:
    """UTC where the clock shows the meeting's time twice: such a local time means the first (RFC 5545, 3.3.5), and not
    every program knows that."""
    zone = ZoneInfo(event.time_zone)
    is_twice = any(_is_twice(one.astimezone(zone)) for one in (event.times.starts_at, event.times.ends_at))
    return ZoneInfo("UTC") if is_twice else zone


def _is_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _is_utc(zone: ZoneInfo) -> bool:
    """It is written with a Z, and needs no VTIMEZONE."""
    return zone.key in {"UTC", "Etc/UTC"}


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(UTC if _is_utc(zone) else zone).replace(microsecond=0)


def _timezone(zone: ZoneInfo, at: datetime) -> Timezone:
    """What the zone does in the year before ``at`` and in the one after it. By hand: the library's own says that clocks
    go forward an hour too late (icalendar 7.3), since a change is written in the time before it (RFC 5545, 3.6.5)."""
    begin = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=366)
    made = Timezone()
    made.add("tzid", zone.key)
    made.add_component(_observance(zone, begin, _offset(zone, begin)))
    day = begin
    while day < at + timedelta(days=366):
        following = day + timedelta(days=1)
        if (before := _offset(zone, day)) != _offset(zone, following):
            made.add_component(_observance(zone, _change(zone, day, following), before))
        day = following
    return made


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The minute at which clocks change between the two."""
    old = _offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        middle = middle.replace(second=0, microsecond=0)
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _observance(zone: ZoneInfo, at: datetime, offset_before: timedelta) -> TimezoneStandard | TimezoneDaylight:
    local = at.astimezone(zone)
    made = TimezoneDaylight() if local.dst() else TimezoneStandard()
    made.add("dtstart", (at + offset_before).replace(tzinfo=None))
    made.add("tzoffsetfrom", offset_before)
    made.add("tzoffsetto", _offset(zone, at))
    made.add("tzname", local.tzname() or zone.key)
    return made


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _attendee(guest: Guest, *, ours: bool) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{guest.address}")
    attendee.params["CN"] = vText(_quotable(guest.name or guest.address))
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT" if guest.required else "OPT-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText(_PARTSTAT[guest.response])
    attendee.params["RSVP"] = vText("TRUE")
    if ours:
        attendee.params["SCHEDULE-AGENT"] = vText("CLIENT")
    return attendee


def _quotable(name: str) -> str:
    """No parameter can hold a double quote."""
    return _plain(name).replace('"', "'")


def _plain(text: str, *, keep_lines: bool = False) -> str:
    """Without control characters; a title is one line."""
    if keep_lines:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\n".join("".join(one for one in line if one.isprintable() or one == "\t") for line in lines)
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


# Reading


def read_replies(body: bytes) -> list[Reply]:
    """What is answered in a file of ``METHOD:REPLY``; empty where it is one of another method. Raises NotACalendar."""
    calendar = _read(body)
    if str(calendar.get("method", "")).upper() != "REPLY":
        return []
    found = []
    for event in calendar.walk("VEVENT"):
        for attendee in _attendees(event):
            response = _RESPONSE.get(str(attendee.params.get("PARTSTAT", "")).upper())
            if response is not None and response is not Response.NEEDS_ACTION:
                uid, sequence = str(event.get("uid", "")), _number(event.get("sequence"))
                found.append(Reply(uid, _address(attendee), response, sequence, _stamp(event)))
    return found[:50]


def read_event(body: bytes) -> Read | None:
    """The event of a file, not one of its repetitions; None where there is none. Raises NotACalendar."""
    for event in _read(body).walk("VEVENT"):
        if "RECURRENCE-ID" not in event:
            return _read_event(event)
    return None


def _read_event(event: Walked) -> Read:
    try:
        begin = _utc(event.decoded("dtstart"))
        end = _utc(event.decoded("dtend")) if "dtend" in event else begin + event.decoded("duration")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NotACalendar("the event has no time") from error
    place = " ".join(str(event.get("location", "")).split()) or None
    known = {_address(one): str(one.params.get("PARTSTAT", "")).upper() for one in _attendees(event)}
    return Read(
        str(event.get("uid", "")),
        EventTimes(begin, whole_minutes(begin, end), place),
        {address: _RESPONSE.get(said, Response.NEEDS_ACTION) for address, said in known.items()},
        str(event.get("summary", "")),
        str(event.get("description", "")),
        str(event.get("status", "")).upper() == "CANCELLED",
    )


def read_busy(body: bytes) -> list[Span]:
    """The times of a ``VFREEBUSY`` in which somebody is busy, in UTC. Raises NotACalendar."""
    found: list[Span] = []
    for component in _read(body).walk("VFREEBUSY"):
        periods = component.get("freebusy", [])
        for one in periods if isinstance(periods, list) else [periods]:
            kind = str(one.params.get("FBTYPE", "BUSY")).upper()
            if kind != "FREE":
                found += [_period(*pair) for pair in _pairs(one)]
    return sorted(found)


def _pairs(value: object) -> Iterator[tuple[datetime, datetime | timedelta]]:
    """However the library keeps one period, or several."""
    for one in getattr(value, "dts", None) or [value]:
        held = getattr(one, "dt", one)
        if isinstance(held, tuple) and len(held) == 2:
            yield held


def _period(begin: datetime, end: datetime | timedelta) -> Span:
    start = _utc(begin)
    return start, start + end if isinstance(end, timedelta) else _utc(end)


def _read(body: bytes) -> Calendar:
    try:
        found = Calendar.from_ical(body[:READ_LIMIT].decode("utf-8", errors="replace"))
    except Exception as error:
        raise NotACalendar("it isn't an iCalendar file") from error
    if not isinstance(found, Calendar):
        raise NotACalendar("it isn't an iCalendar file")
    return found


def _attendees(event: Walked) -> Sequence[vCalAddress]:
    found = event.get("attendee", [])
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, vCalAddress)]


def _address(attendee: vCalAddress) -> str:
    return str(attendee).strip().lower().removeprefix("mailto:").strip()


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


def _stamp(event: Walked) -> datetime | None:
    try:
        return _utc(event.decoded("dtstamp"))
    except Exception:
        return None


def _utc(value: date | datetime) -> datetime:
    """A whole day begins at midnight, UTC."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).astimezone(UTC)

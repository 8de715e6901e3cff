"""A review meeting: what it can be, and what happens to it next.

Source: "Meetings: what must hold" of the specification.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.access import Visibility

DAY_BEFORE, RIGHT_BEFORE = timedelta(days=1), timedelta(minutes=10)
"""When people are reminded."""
CHECK_EVENT, CHECK_ROW = timedelta(minutes=15), timedelta(hours=6)
"""How often a scheduled meeting is compared with its event in the calendar, and with its postmortem alone."""


class MeetingStatus(StrEnum):
    """HELD and CANCELLED are final."""

    SCHEDULED = "SCHEDULED"
    CANCELLED = "CANCELLED"
    HELD = "HELD"


class Response(StrEnum):
    NEEDS_ACTION = "NEEDS_ACTION"
    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"


class ConferenceKind(StrEnum):
    """Where people meet by video. ``team_room`` is a fixed link that a team has."""

    GOOGLE_MEET = "google_meet"
    ZOOM = "zoom"
    TEAMS = "teams"
    TEAM_ROOM = "team_room"
    NONE = "none"


class CalendarState(StrEnum):
    """Of the event in a calendar. REFUSED: a person must act."""

    PENDING = "PENDING"
    OK = "OK"
    REFUSED = "REFUSED"


class Prompt(StrEnum):
    """What a meeting asks of people, and when."""

    DAY_BEFORE = "day_before"
    RIGHT_BEFORE = "right_before"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class EventTimes:
    """What both sides may change: the fields that are merged."""

    starts_at: datetime
    minutes: int
    location: str | None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


def merge_times(ours: EventTimes, theirs: EventTimes, agreed: EventTimes) -> EventTimes:
    """Field by field: theirs where only they changed it since both were the same, else ours."""

    def changed(name: str) -> bool:
        there, before, here = (getattr(one, name) for one in (theirs, agreed, ours))
        return bool(there != before and here == before)

    return replace(
        ours, **{name: getattr(theirs, name) for name in ("starts_at", "minutes", "location") if changed(name)}
    )


def title_of(number: int, title: str, visibility: Visibility) -> str:
    """What the meeting is called. A private postmortem's own title stays out of calendars."""
    return f"Postmortem review #{number}" if visibility is Visibility.PRIVATE else f"Postmortem review: {title}"


def prompts_due(times: EventTimes, now: datetime) -> list[Prompt]:
    """What is to be said now. What a meeting that was planned late has passed by is left out: nobody is reminded of
    tomorrow's meeting ten minutes before it."""
    if now >= times.ends_at:
        return [Prompt.ENDED]
    if now >= times.starts_at:
        return []
    if now >= times.starts_at - RIGHT_BEFORE:
        return [Prompt.RIGHT_BEFORE]
    return [Prompt.DAY_BEFORE] if now >= times.starts_at - DAY_BEFORE else []


def next_look(times: EventTimes, now: datetime, *, has_event: bool) -> datetime | None:
    """When a scheduled meeting is looked at again; None once it is over."""
    if now >= times.ends_at:
        return None
    marks = (times.starts_at - DAY_BEFORE, times.starts_at - RIGHT_BEFORE, times.ends_at)
    return min(one for one in (*marks, now + (CHECK_EVENT if has_event else CHECK_ROW)) if one > now)

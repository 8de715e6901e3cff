"""A meeting as an event that calendars and mail programs know."""

import hashlib
from base64 import b32hexencode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from application.meetings.letters import MeetingWords
from domain.meetings.meeting import ConferenceKind, EventTimes, Response
from integrations.meetings.calendar import Event, Guest
from models.meeting import Meeting, MeetingAttendee

BY_CALENDAR = frozenset({ConferenceKind.GOOGLE_MEET, ConferenceKind.TEAMS})
"""Whose link the event itself has."""


def times_of(row: Meeting) -> EventTimes:
    return EventTimes(row.starts_at, row.minutes, row.location)


def as_json(times: EventTimes) -> dict[str, Any]:
    """How times are kept, and told in the audit log."""
    return {"startsAt": times.starts_at.isoformat(), "minutes": times.minutes, "location": times.location}


def event_key(row: Meeting) -> str:
    """Letters and digits that every calendar takes (Google: a to v, 0 to 9); another one for each event."""
    digest = hashlib.sha256(f"{row.id}.{row.generation}".encode()).digest()
    return b32hexencode(digest[:20]).decode().lower()


def uid_of(row: Meeting) -> str:
    """iCalendar's: it stays for the whole life of the meeting."""
    return f"{row.id}@afterword"


def meeting_of_uid(uid: str) -> str | None:
    """The meeting that a calendar event is about; None when the event isn't ours."""
    meeting_id, at, place = uid.partition("@")
    return meeting_id if at and place == "afterword" and meeting_id.startswith("mtg_") else None


def event_of(
    row: Meeting, attendees: Sequence[MeetingAttendee], words: MeetingWords, organizer: str, *, quietly: bool = False
) -> Event:
    kind = ConferenceKind(row.conference_kind)
    times = times_of(row)
    if not times.location and row.conference_url and kind not in BY_CALENDAR:
        times = replace(times, location=row.conference_url)
    return Event(
        key=event_key(row),
        uid=uid_of(row),
        sequence=row.sequence,
        title=words.title,
        description=words.description,
        times=times,
        time_zone=row.time_zone,
        organizer=organizer,
        organizer_name=words.organizer,
        guests=tuple(
            Guest(one.address, one.name, one.required, Response(one.response))
            for one in attendees
            if one.removed_at is None
        ),
        former=tuple(one.address for one in attendees if one.removed_at is not None),
        conference=kind if kind in BY_CALENDAR else ConferenceKind.NONE,
        url=words.url,
        quietly=quietly,
        created_at=row.created_at,
    )

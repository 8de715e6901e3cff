"""What a review meeting could be: people with their reasons, times that suit them, and an agenda.

What is needed is read in one transaction, and the times are worked out after it, since that takes tens of milliseconds:
see :func:`load_suggestion` and :func:`work_out`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from application.meetings.busy_times import busy_times
from domain import access
from domain.access import Verb, Viewer
from domain.documents.document import Document
from domain.escalation.targets import TargetName
from domain.meetings.agenda import write_agenda
from domain.meetings.attendees import Attendee, suggest_attendees
from domain.meetings.suggestion import BEYOND, HORIZON, NOTICE, Invitee, Slot, Span, outside_lately, suggest
from domain.meetings.weekly_slot import WeeklySlot
from domain.people.calendar import Window, working_hours
from domain.postmortems.lifecycle import Status
from models.keyring import Keyring
from models.person import Person
from models.queries.documents.postmortems import get_document
from models.queries.meetings import meetings, people
from models.queries.notifications.receivers import read_office
from models.queries.people.calendars import read_calendars
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session, Sessions

LATELY = 5
"""So many of the team's last meetings count for who was outside of their hours."""


@dataclass(frozen=True, slots=True)
class LoadedSuggestion:
    """``target`` is until when the review should be completed, None where nothing says so or it is."""

    document: Document
    attendees: Sequence[Attendee]
    invitees: Sequence[Invitee]
    open_threads: dict[str | None, int]
    earliest: datetime
    last: datetime
    target: datetime | None
    minutes: int
    kept_slots: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody works, from when until when; never with what they do then."""

    person_id: str
    name: str
    time_zone: str
    windows: tuple[Window, ...]
    busy: tuple[Span, ...] | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    attendees: Sequence[Attendee]
    slots: Sequence[Slot]
    people: Sequence[Hours]
    agenda: str


@dataclass(frozen=True, slots=True)
class People:
    """Whoever could be invited: active people who may see the postmortem. ``rows`` are theirs, by id."""

    document: Document
    attendees: Sequence[Attendee]
    rows: Mapping[str, Person]


async def read_people(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, now: datetime, base_url: str
) -> People:
    key = visible.postmortem.id
    document = await get_document(session, viewer, key, now, base_url, with_comments=False)
    wanted = suggest_attendees(document)
    rows = await people.list_invitable(session, key, [one.person_id for one in wanted])
    return People(document, [one for one in wanted if one.person_id in rows], rows)


async def load_suggestion(
    session: Session, viewer: Viewer, postmortem_id: str, minutes: int, now: datetime, base_url: str
) -> LoadedSuggestion:
    """Leaves out people who left, and those who may not see the postmortem. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id)
    access.check(Verb.PLAN_MEETING, Status(visible.postmortem.status), visible.relations)
    found = await read_people(session, viewer, visible, now, base_url)
    document, attendees = found.document, found.attendees
    team_ids = [one.id for one in document.teams]
    calendars = await read_calendars(session, list(found.rows.values()), await read_office(session, team_ids))
    past = await meetings.list_past_times(session, postmortem_id, LATELY)
    earliest, target = now + NOTICE, _target(document)
    last = max(target or earliest + HORIZON, earliest) + BEYOND
    invitees = [
        Invitee(
            one.person_id,
            found.rows[one.person_id].name,
            calendars[one.person_id],
            required=one.is_required,
            outside_lately=outside_lately(one.person_id, calendars[one.person_id], past),
        )
        for one in attendees
    ]
    return LoadedSuggestion(
        document=document,
        attendees=attendees,
        invitees=invitees,
        open_threads=await people.count_open_threads(session, postmortem_id),
        earliest=earliest,
        last=last,
        target=target,
        minutes=minutes,
        kept_slots=await _kept_slots(session, postmortem_id, earliest, last),
    )


async def _kept_slots(session: Session, postmortem_id: str, earliest: datetime, last: datetime) -> list[Span]:
    """When the postmortem's teams keep time for reviews and have none planned yet."""
    teams = [one for one in await meetings.list_teams(session, postmortem_id) if one.slot_zone]
    if not teams:
        return []
    taken = [
        (at, at + timedelta(minutes=minutes))
        for at, minutes in await meetings.list_taken(
            session, [one.id for one in teams], earliest - timedelta(days=1), last
        )
    ]
    found = set[Span]()
    for one in teams:
        slot = WeeklySlot(one.slot_weekday or 1, one.slot_opens or 0, one.slot_minutes or 0, one.slot_zone or "UTC")
        found.update(slot.dates(earliest, last))
    return [one for one in sorted(found) if not any(begin < one[1] and one[0] < end for begin, end in taken)]


async def read_busy(
    sessions: Sessions, keyring: Keyring, loaded: LoadedSuggestion, asked_by: str, now: datetime
) -> LoadedSuggestion:
    """With the times at which connected calendars say that people are busy."""
    ids = [one.person_id for one in loaded.invitees]
    found = await busy_times(sessions, keyring, ids, asked_by, loaded.earliest, loaded.last, now)
    invitees = [replace(one, busy=found.get(one.person_id)) for one in loaded.invitees]
    return replace(loaded, invitees=invitees)


async def finish(
    sessions: Sessions, keyring: Keyring, loaded: LoadedSuggestion, asked_by: str, now: datetime
) -> Suggestion:
    """While no session of the caller's is open: calendars are asked, and times worked out on a thread."""
    known = await read_busy(sessions, keyring, loaded, asked_by, now)
    return await asyncio.to_thread(work_out, known)


def _target(document: Document) -> datetime | None:
    for one in document.targets:
        if one.name is TargetName.REVIEW_COMPLETED and one.met_at is None and one.waived_at is None:
            return one.extended_to or one.due_at
    return None


def work_out(loaded: LoadedSuggestion) -> Suggestion:
    """Whoever is needed and away all that time is only asked, else there would be no time at all."""
    last = loaded.last
    invitees = [
        replace(
            one, required=one.required and next(working_hours(loaded.earliest, last, one.calendar), None) is not None
        )
        for one in loaded.invitees
    ]
    slots = suggest(
        invitees,
        minutes=loaded.minutes,
        earliest=loaded.earliest,
        target=loaded.target,
        kept=[begin for begin, _ in loaded.kept_slots],
    )
    until = max([loaded.earliest + HORIZON, *(one.ends_at for one in slots)])
    return Suggestion(
        attendees=loaded.attendees,
        slots=slots,
        people=[
            Hours(
                one.person_id,
                one.name,
                one.calendar.zone,
                tuple(working_hours(loaded.earliest, until, one.calendar)),
                one.busy,
            )
            for one in invitees
        ],
        agenda=write_agenda(loaded.document, loaded.open_threads, loaded.minutes),
    )

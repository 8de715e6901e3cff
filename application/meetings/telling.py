"""Carrying a meeting out: what an activity does for a row of ``meeting`` in a calendar, a video service, and by mail.

It may run twice, and be killed between any two steps: an event is found by its key, and an invitation has the same
``Message-ID``, UID and sequence whenever it is sent. No session is held while anything outside is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from application.meetings.documents import LoadedAgenda, load_agenda
from application.meetings.events import BY_CALENDAR, as_json, event_key, event_of, times_of
from application.meetings.invitations import send_invitations
from application.meetings.keeping import apply_response, move, notify_responsible
from application.meetings.letters import MeetingWords, describe
from application.notifications.connection_trouble import record_recovery, record_trouble
from domain.access import Visibility
from domain.errors import PASSING, CredentialsRejected, DomainError, EventGone, NotFound
from domain.meetings.meeting import (
    CalendarState,
    ConferenceKind,
    EventTimes,
    MeetingStatus,
    Response,
    merge_times,
)
from domain.notifications.notices import NoticeKind
from integrations import registry
from integrations.connection import ConnectedVendor
from integrations.meetings.calendar import Calendar, CalendarUnavailable, EventThere
from integrations.meetings.conference import Call, ConferenceUnavailable
from models.integration import Integration
from models.keyring import Keyring
from models.meeting import Meeting, MeetingAttendee
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.connections.connections import find_integration
from models.queries.meetings import meetings
from models.queries.people.people import people_by_id
from models.session import Session, Sessions

T = TypeVar("T")
V = TypeVar("V", bound=ConnectedVendor)
Outside = Callable[[Sessions, Keyring, str, datetime, str], Awaitable[bool]]
"""What speaks with a meeting's calendar, video service or mail server."""


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """Of a vendor. Its ``repr`` has no credentials."""

    id: str
    kind: str
    config: dict[str, Any]
    secrets: dict[str, object]
    kept_host: str | None

    @classmethod
    def of(cls, keyring: Keyring, row: Integration) -> "Connection":
        return cls(row.id, row.kind, dict(row.config), keyring.open(row.secrets), row.kept_host)


@dataclass(frozen=True, slots=True)
class Work:
    """A meeting as it is to be told now."""

    meeting: Meeting
    attendees: tuple[MeetingAttendee, ...]
    words: MeetingWords
    inner: MeetingWords
    """For people of the organization, where ``words`` say less because somebody outside reads them too."""
    organizer: str
    request: int
    calendar: Connection | None
    conference: Connection | None

    @property
    def is_open(self) -> bool:
        return self.meeting.status == MeetingStatus.SCHEDULED.value


async def tell(sessions: Sessions, keyring: Keyring, meeting_id: str, now: datetime, base_url: str) -> bool:
    """Whether something else was asked for meanwhile. What a person must act on is said on the row.

    Raises CalendarUnavailable, ConferenceUnavailable, NotifierUnavailable, and what passes by itself.
    """
    work = await _begin(sessions, keyring, meeting_id, base_url)
    if work is None:
        return False
    if work.meeting.status == MeetingStatus.HELD.value:  # its event stays as it is
        return await _settle(sessions, meeting_id, work.request)
    request, problem = work.request, None
    try:
        try:
            await _tell_conference(sessions, work, now)
        except DomainError as refusal:  # the meeting takes place without that link
            problem = refusal
        work = await _begin(sessions, keyring, meeting_id, base_url) or work
        await _tell_calendar(sessions, work, now)
        if problem is not None:
            await _refuse(sessions, work, work.conference, problem, now)
    except (CalendarUnavailable, ConferenceUnavailable) as stumble:
        await _note(sessions, work, CalendarState.PENDING, str(stumble))
        raise
    except DomainError as refusal:
        await _refuse(sessions, work, work.calendar, refusal, now)
    work = await _begin(sessions, keyring, meeting_id, base_url) or work
    is_told = True
    if work.calendar is None or not registry.calendar(work.calendar.kind).invites:
        is_told = await send_invitations(sessions, keyring, work.meeting, work.attendees, work.words, work.inner, now)
    return is_told and await _settle(sessions, meeting_id, request)  # what came later is told again


async def _settle(sessions: Sessions, meeting_id: str, request: int) -> bool:
    """All of that request is told; whether something else was asked for meanwhile."""
    async with sessions.begin() as session:
        row = await meetings.lock_meeting_unscoped(session, meeting_id)
        if row is None:
            return False
        row.told_request = max(row.told_request, request)
        return row.told_request < row.request


async def check(sessions: Sessions, keyring: Keyring, meeting_id: str, now: datetime, base_url: str) -> bool:
    """Looks at the event: somebody may have moved or deleted it there, or answered. Whether that is to be told.

    Raises CalendarUnavailable.
    """
    work = await _begin(sessions, keyring, meeting_id, base_url)
    if work is None or work.calendar is None or work.meeting.remote_id is None or not work.is_open:
        return False
    remote_id, organizer = work.meeting.remote_id, work.organizer
    try:
        there = await _ask(registry.connect_calendar, work.calendar, lambda it: it.fetch(remote_id, organizer))
        await _take_over(sessions, work, there, now)
        if there.description.split() != work.words.description.split() and work.meeting.starts_at > now:
            await _update(sessions, work, now, quietly=True)
    except DomainError as refusal:
        await _refuse(sessions, work, work.calendar, refusal, now)
    async with sessions.begin() as session:
        row = await meetings.lock_meeting_unscoped(session, meeting_id)
        return row is not None and row.told_request < row.request


# What is to be told


async def _begin(sessions: Sessions, keyring: Keyring, meeting_id: str, base_url: str) -> Work | None:
    """Locks nothing: what it says is checked again when something is recorded."""
    async with sessions.begin() as session:
        row = await meetings.find_meeting_unscoped(session, meeting_id)
        if row is None:
            return None
        attendees = tuple((await meetings.list_attendees(session, [row.id]))[row.id])
        organizer = (await people_by_id(session, [row.organizer_id]))[row.organizer_id]
        loaded = await _load_words(session, row, base_url)
        calendar = await _connection(session, keyring, row.integration_id)
        conference = await _connection(session, keyring, row.conference_integration_id)
        session.expunge_all()
    inner, outer = await asyncio.to_thread(_words, row, organizer.name, loaded, base_url)
    has_outsiders = any(one.person_id is None and one.removed_at is None for one in attendees)
    words = outer if has_outsiders else inner
    return Work(row, attendees, words, inner, organizer.email, row.request, calendar, conference)


async def _connection(session: Session, keyring: Keyring, integration_id: str | None) -> Connection | None:
    row = await find_integration(session, integration_id) if integration_id else None
    return Connection.of(keyring, row) if row and row.is_enabled and row.disconnected_at is None else None


async def _load_words(session: Session, row: Meeting, base_url: str) -> LoadedAgenda | None:
    """None where nothing is left to be said. A private postmortem's agenda stays here, and so does one that the
    organizer may no longer see."""
    found = await meetings.find_postmortem_unscoped(session, row.postmortem_id)
    if found is None:
        return None
    postmortem, visibility = found
    if visibility is not Visibility.PRIVATE:
        with suppress(NotFound):
            viewer = await get_viewer_unscoped(session, row.organizer_id, "meeting")
            return await load_agenda(session, viewer, postmortem.id, row.minutes, row.starts_at, base_url)
    return LoadedAgenda(postmortem.id, visibility, None, {}, row.minutes)


def _words(
    row: Meeting, organizer: str, loaded: LoadedAgenda | None, base_url: str
) -> tuple[MeetingWords, MeetingWords]:
    """For people here, and for people outside."""
    outer = MeetingWords(row.title, "", None, organizer)
    if loaded is None:
        return outer, outer
    url = f"{base_url}/postmortems/{loaded.postmortem_id}"
    inner = MeetingWords(row.title, describe(loaded.text(), url, row.notes, row.conference_url), url, organizer)
    is_told = row.tells_outsiders and loaded.visibility is Visibility.ORGANIZATION
    return inner, (inner if is_told else outer)


# The video service


async def _tell_conference(sessions: Sessions, work: Work, now: datetime) -> None:
    row = work.meeting
    if work.conference is None or work.conference.kind not in registry.conference_kinds():
        return
    call = Call(event_key(row), work.words.title, times_of(row), row.time_zone)
    if not work.is_open:
        await _ask(registry.connect_conference, work.conference, lambda it: it.cancel(row.conference_id, call))
        return
    there = await _ask(registry.connect_conference, work.conference, lambda it: it.keep(row.conference_id, call))
    async with sessions.begin() as session:
        held = await meetings.lock_meeting_unscoped(session, row.id)
        if held is not None and held.conference_integration_id == work.conference.id:
            held.conference_id, held.conference_url = there.id, there.url
        await record_recovery(session, work.conference.id, now)


# The calendar


async def _tell_calendar(sessions: Sessions, work: Work, now: datetime) -> None:
    connection, row = work.calendar, work.meeting
    if row.integration_id is None:
        return
    if connection is None:
        await _note(sessions, work, CalendarState.REFUSED, "The calendar connection is disconnected or paused.")
        return
    if not work.is_open:
        event = event_of(row, work.attendees, work.words, work.organizer)
        await _ask(registry.connect_calendar, connection, lambda it: it.cancel(row.remote_id, event))
        await _note(sessions, work, CalendarState.OK, None)
        return
    if row.remote_id is not None:
        remote_id = row.remote_id
        there = await _ask(registry.connect_calendar, connection, lambda it: it.fetch(remote_id, work.organizer))
        work = await _take_over(sessions, work, there, now)
    await _update(sessions, work, now)


async def _update(sessions: Sessions, work: Work, now: datetime, *, quietly: bool = False) -> None:
    """Makes the event, or makes it say what the row says."""
    row, connection = work.meeting, work.calendar
    if connection is None:
        return
    event = event_of(row, work.attendees, work.words, work.organizer, quietly=quietly)

    def write(calendar: Calendar) -> EventThere:
        return calendar.create(event) if row.remote_id is None else calendar.update(row.remote_id, event)

    there = await _ask(registry.connect_calendar, connection, write)
    async with sessions.begin() as session:
        held = await meetings.lock_meeting_unscoped(session, row.id)
        if held is None or held.generation != row.generation:
            return
        held.remote_id, held.remote_revision, held.calendar_url = there.id, there.revision, there.url
        held.agreed = as_json(replace(there.times, location=row.location))
        if there.conference_url and ConferenceKind(held.conference_kind) in BY_CALENDAR:
            held.conference_url = there.conference_url
        if held.request == work.request:
            held.calendar_state, held.calendar_problem = CalendarState.OK.value, None
        await _take_responses(session, held, there, now)
        await record_recovery(session, connection.id, now)


async def _take_over(sessions: Sessions, work: Work, there: EventThere, now: datetime) -> Work:
    """Somebody's changes there, field by field where ours stayed as it was."""
    invites = work.calendar is not None and registry.calendar(work.calendar.kind).invites
    async with sessions.begin() as session:
        row = await meetings.lock_meeting_unscoped(session, work.meeting.id)
        if row is None:
            return work
        ours, agreed = times_of(row), _read_agreed(row.agreed) or there.times
        location = None if there.times.location == row.conference_url else there.times.location
        merged = merge_times(ours, replace(there.times, location=location), agreed)
        if merged != ours and merged.minutes <= 480:
            move(session, row, merged, "calendar")
            if not invites:  # we tell the attendees ourselves
                row.request += 1
        row.agreed = as_json(replace(there.times, location=location))
        await _take_responses(session, row, there, now)
        await session.flush()
        attendees = tuple((await meetings.list_attendees(session, [row.id]))[row.id])
        session.expunge_all()
    return replace(work, meeting=row, attendees=attendees, request=row.request)


async def _take_responses(session: Session, row: Meeting, there: EventThere, now: datetime) -> None:
    for one in (await meetings.list_attendees(session, [row.id]))[row.id]:
        said = there.responses.get(one.address)
        if said is not None and said is not Response.NEEDS_ACTION and one.removed_at is None:
            await apply_response(session, row, one, said, now)


def _read_agreed(kept: dict[str, Any] | None) -> EventTimes | None:
    if kept is None:
        return None
    return EventTimes(datetime.fromisoformat(kept["startsAt"]), kept["minutes"], kept["location"])


async def _ask(connect: Callable[..., V], connection: Connection, do: Callable[[V], T]) -> T:
    """``connect`` is the registry's. The vendor is asked on a thread."""

    def ask() -> T:
        with connect(connection.kind, connection.config, connection.secrets, connection.kept_host) as vendor:
            return do(vendor)

    return await asyncio.to_thread(ask)


# What goes wrong


async def _note(sessions: Sessions, work: Work, state: CalendarState, problem: str | None) -> None:
    async with sessions.begin() as session:
        row = await meetings.lock_meeting_unscoped(session, work.meeting.id)
        if row is not None and row.request == work.request and row.integration_id is not None:
            row.calendar_state, row.calendar_problem = state.value, problem


async def give_up(sessions: Sessions, meeting_id: str, detail: str) -> None:
    """For now: why it isn't told yet, in words."""
    async with sessions.begin() as session:
        row = await meetings.lock_meeting_unscoped(session, meeting_id)
        if row is not None and row.calendar_state == CalendarState.PENDING.value:
            row.calendar_problem = row.calendar_problem or detail


async def _refuse(
    sessions: Sessions, work: Work, refused_by: Connection | None, refusal: DomainError, now: datetime
) -> None:
    if refusal.code in PASSING:
        raise refusal
    async with sessions.begin() as session:
        row = await meetings.lock_meeting_unscoped(session, work.meeting.id)
        if row is None:
            return
        if isinstance(refusal, EventGone):
            await _lose_event(session, row, now)
        row.calendar_state, row.calendar_problem = CalendarState.REFUSED.value, str(refusal)
        if isinstance(refusal, CredentialsRejected) and refused_by is not None:
            await record_trouble(session, refused_by.id, str(refusal), now)


async def _lose_event(session: Session, row: Meeting, now: datetime) -> None:
    """Somebody deleted it there: the organizer decides. The next one is another event."""
    row.remote_id = row.remote_revision = row.calendar_url = row.agreed = None
    row.generation += 1
    row.version += 1
    await notify_responsible(session, row, NoticeKind.MEETING_EVENT_DELETED, f"{row.id}:gone:{row.generation}", now)

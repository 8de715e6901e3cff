"""Planning a review meeting, changing it, cancelling it, and saying whether it was held.

What is asked for is a row, which a workflow carries out in the calendar and by mail: see
``application.meetings.telling``. The row is the record.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from application.action_items.items import add_item
from application.audit.audit_log import audit
from application.comments.writing import NewComment, add_comment
from application.meetings.inviting import Wanted, invite
from application.meetings.shown import ShownMeeting, show_one
from application.meetings.suggestions import read_people
from domain import access
from domain.access import Relation, Verb, Viewer
from domain.errors import (
    Malformed,
    MeetingExists,
    MeetingOver,
    NoCalendar,
    NoConference,
    NotFound,
    StaleVersion,
    reason,
)
from domain.escalation.targets import TargetName
from domain.meetings.meeting import CalendarState, ConferenceKind, MeetingStatus, title_of
from domain.notifications.notices import date_words
from domain.postmortems.lifecycle import Status
from integrations import registry
from integrations.fields import LATEST
from models.base import new_id
from models.integration import Integration
from models.meeting import Meeting
from models.queries.connections.connections import get_connected, list_by_kind
from models.queries.meetings import meetings
from models.queries.people.people import people_by_id
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session


@dataclass(frozen=True, slots=True)
class MeetingPlan:
    """``attendees`` None: whoever is suggested. ``adds_commenters``: people who can't see the postmortem become
    commenters. ``tells_outsiders``: addresses outside get the agenda and the link, where everyone may see it."""

    starts_at: datetime
    minutes: int
    time_zone: str
    attendees: Sequence[Wanted] | None
    conference: ConferenceKind = ConferenceKind.NONE
    integration_id: str | None = None
    location: str | None = None
    notes: str | None = None
    follows_target: bool = False
    is_additional: bool = False
    adds_commenters: bool = False
    tells_outsiders: bool = False


async def plan_meeting(
    session: Session, viewer: Viewer, postmortem_id: str, plan: MeetingPlan, now: datetime, base_url: str
) -> ShownMeeting:
    """Locks the postmortem. Raises NotFound, NotAllowed, MeetingExists, Malformed, UnknownReference, PersonNotActive,
    AttendeesCannotSee, NoCalendar, NoConference, Disconnected."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    access.check(Verb.PLAN_MEETING, Status(visible.postmortem.status), visible.relations)
    _check_future(plan.starts_at, now)
    standing = await meetings.find_open(session, postmortem_id)
    if standing is not None and not plan.is_additional:
        raise MeetingExists(id=standing.id)
    calendar = await _calendar(session, plan.integration_id)
    service = await _conference(session, postmortem_id, plan.conference, calendar)
    row = Meeting(
        id=new_id("mtg"),
        postmortem_id=postmortem_id,
        is_additional=standing is not None,
        title=title_of(visible.postmortem.number, visible.postmortem.title, visible.visibility),
        starts_at=plan.starts_at,
        minutes=plan.minutes,
        time_zone=plan.time_zone,
        location=plan.location,
        notes=plan.notes,
        organizer_id=viewer.person_id,
        tells_outsiders=plan.tells_outsiders,
        follows_target=plan.follows_target,
        target_at=await _target(session, postmortem_id),
        conference_kind=plan.conference.value,
        conference_integration_id=service.id if service else None,
        integration_id=calendar.id if calendar else None,
        calendar_state=CalendarState.PENDING.value if calendar else None,
        created_by_id=viewer.person_id,
        created_at=now,
    )
    row.conference_url = await _room(session, postmortem_id, plan.conference)
    session.add(row)
    await session.flush()
    wanted = plan.attendees
    if wanted is None:
        found = await read_people(session, viewer, visible, now, base_url)
        wanted = [Wanted(one.person_id, None, one.is_required) for one in found.attendees]
    await invite(session, viewer, visible, row, wanted, now, adds_commenters=plan.adds_commenters)
    _audit(session, viewer, "meeting.scheduled", row, after=_told(row) | {"attendees": len(wanted)})
    await session.flush()
    return await show_one(session, visible, row)


def _check_future(starts_at: datetime, now: datetime) -> None:
    if not now < starts_at < LATEST:
        words = "Enter a time that is still to come, and before the year 2201."
        raise Malformed(reasons=[reason("past", words, where="body.startsAt")])


async def _calendar(session: Session, integration_id: str | None) -> Integration | None:
    """The named connection, or the first that is in use; None where there is none."""
    kinds = registry.calendar_kinds()
    if integration_id is None:
        found = await list_by_kind(session, kinds)
        return found[0] if found else None
    connection = await get_connected(session, integration_id)
    if connection.kind not in kinds:
        raise NoCalendar(kind=connection.kind, known=", ".join(kinds))
    return connection


async def _conference(
    session: Session, postmortem_id: str, kind: ConferenceKind, calendar: Integration | None
) -> Integration | None:
    """The connection that makes the link, where it isn't the calendar's. Raises NoConference."""
    if kind is ConferenceKind.NONE:
        return None
    if kind is ConferenceKind.TEAM_ROOM:
        if await _room(session, postmortem_id, kind) is None:
            raise NoConference(kind=kind.value, why="no team of this postmortem has a room.")
        return None
    by_service = [one for one in registry.conference_kinds() if registry.conference(one).kind is kind]
    if by_service:
        found = await list_by_kind(session, by_service)
        if not found:
            raise NoConference(kind=kind.value, why="no such connection is in use.")
        return found[0]
    if calendar is None or registry.calendar(calendar.kind).conference is not kind:
        raise NoConference(kind=kind.value, why="the calendar of this meeting doesn't offer it.")
    return None


async def list_conferences(session: Session, postmortem_id: str) -> list[ConferenceKind]:
    """Kinds of video meetings that a meeting of this postmortem could have."""
    calendar, found = await _calendar(session, None), [ConferenceKind.NONE]
    for kind in ConferenceKind:
        if kind is not ConferenceKind.NONE:
            with suppress(NoConference):
                await _conference(session, postmortem_id, kind, calendar)
                found.append(kind)
    return found


async def _room(session: Session, postmortem_id: str, kind: ConferenceKind) -> str | None:
    if kind is not ConferenceKind.TEAM_ROOM:
        return None
    rooms = [one.room_url for one in await meetings.list_teams(session, postmortem_id) if one.room_url]
    return rooms[0] if rooms else None


async def _target(session: Session, postmortem_id: str) -> datetime | None:
    return await meetings.find_target_unscoped(session, postmortem_id, TargetName.REVIEW_COMPLETED.value)


# What becomes of it


async def _lock(
    session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str, expected: int | None
) -> tuple[VisiblePostmortem, Meeting]:
    """Raises NotFound, NotAllowed, StaleVersion."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    row = await meetings.find_meeting(session, postmortem_id, meeting_id, lock=True)
    relations = visible.relations
    if row is not None and row.organizer_id == viewer.person_id:
        relations = relations | {Relation.ORGANIZER}
    access.check(Verb.CHANGE_MEETING, Status(visible.postmortem.status), relations)
    if row is None:
        raise NotFound(kind="meeting", id=meeting_id)
    if expected is not None and expected != row.version:
        raise StaleVersion(expected=str(expected), current=row.version)
    return replace(visible, relations=relations), row


def _check_open(row: Meeting) -> None:
    if row.status != MeetingStatus.SCHEDULED.value:
        raise MeetingOver(status=row.status)


async def change_meeting(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    meeting_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    now: datetime,
) -> ShownMeeting:
    """``changes`` are named as in :class:`MeetingPlan`. An event that was deleted in the calendar is made again.

    Raises as :func:`plan_meeting` does, and StaleVersion, MeetingOver.
    """
    visible, row = await _lock(session, viewer, postmortem_id, meeting_id, expected)
    _check_open(row)
    before, kept = _told(row), (row.notes, row.follows_target)
    if "starts_at" in changes and changes["starts_at"] != row.starts_at:
        _check_future(changes["starts_at"], now)
    for name in ("starts_at", "minutes", "time_zone", "location", "notes", "follows_target", "tells_outsiders"):
        if name in changes:
            setattr(row, name, changes[name])
    if changes.get("follows_target"):
        row.target_at = await _target(session, postmortem_id)
    if "conference" in changes and changes["conference"].value != row.conference_kind:
        await _change_conference(session, row, changes["conference"])
    is_new_people = changes.get("attendees") is not None and await invite(
        session,
        viewer,
        visible,
        row,
        changes["attendees"],
        now,
        adds_commenters=bool(changes.get("adds_commenters")),
    )
    after = _told(row)
    is_lost = row.calendar_state == CalendarState.REFUSED.value
    is_to_be_told = after != before or is_new_people or is_lost
    if is_to_be_told:
        row.sequence += 1
        ask_to_tell(row)
    if is_to_be_told or kept != (row.notes, row.follows_target):
        row.version += 1
        _audit(session, viewer, "meeting.changed", row, before=before, after=after)
    await session.flush()
    return await show_one(session, visible, row)


async def _change_conference(session: Session, row: Meeting, kind: ConferenceKind) -> None:
    """The link of the former kind is left behind where its vendor made it: it belongs to the event."""
    calendar = await get_connected(session, row.integration_id) if row.integration_id else None
    postmortem_id = row.postmortem_id or ""
    service = await _conference(session, postmortem_id, kind, calendar)
    row.conference_kind, row.conference_id = kind.value, None
    row.conference_integration_id = service.id if service else None
    row.conference_url = await _room(session, postmortem_id, kind)


def ask_to_tell(row: Meeting) -> None:
    """Has the calendar, the conference and the attendees told of how the row is now."""
    row.request += 1
    row.workflow_started = False
    if row.integration_id is not None:
        row.calendar_state, row.calendar_problem = CalendarState.PENDING.value, None


async def cancel_meeting(
    session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str, expected: int | None
) -> None:
    """One that is cancelled stays so. Raises NotFound, NotAllowed, StaleVersion, MeetingOver."""
    _, row = await _lock(session, viewer, postmortem_id, meeting_id, expected)
    if row.status == MeetingStatus.CANCELLED.value:
        return
    _check_open(row)
    name = (await people_by_id(session, [viewer.person_id]))[viewer.person_id].name
    cancel(session, viewer, row, f"Canceled by {name}.")
    await session.flush()


def cancel(session: Session, viewer: Viewer | None, row: Meeting, why: str, *, tells: bool = True) -> None:
    """``tells``: the calendar and the attendees hear of it."""
    row.status, row.cancelled_reason = MeetingStatus.CANCELLED.value, why
    row.version += 1
    row.next_at = None
    if tells:
        row.sequence += 1
        ask_to_tell(row)
    _audit(session, viewer, "meeting.cancelled", row, after={"reason": why})


async def cancel_all(session: Session, viewer: Viewer | None, postmortem_id: str, why: str) -> None:
    """Of a postmortem that is archived or deleted."""
    for row in await meetings.lock_all_open(session, postmortem_id):
        cancel(session, viewer, row, why)


async def record_held(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    meeting_id: str,
    *,
    held: bool,
    notes: str | None,
    now: datetime,
) -> ShownMeeting:
    """HELD is final; the notes become a comment on the postmortem. One that wasn't held is cancelled, and another one
    may be planned. The same answer again changes nothing. Raises NotFound, NotAllowed, MeetingOver."""
    visible, row = await _lock(session, viewer, postmortem_id, meeting_id, None)
    wanted = (MeetingStatus.HELD if held else MeetingStatus.CANCELLED).value
    if row.status != wanted:
        _check_open(row)
        if held:
            row.status, row.held_at, row.next_at = wanted, min(now, row.starts_at), None
            row.notes = notes or row.notes
            row.version += 1
            _audit(session, viewer, "meeting.held", row, after={"notes": bool(notes)})
            if notes:
                day = date_words(row.starts_at.astimezone(ZoneInfo(row.time_zone)).date())
                body = f"**Notes of the review meeting on {day}**\n\n{notes}"
                await add_comment(session, viewer, visible, NewComment(body), now)
        else:
            cancel(session, viewer, row, "It wasn't held.", tells=row.starts_at > now)
    await session.flush()
    return await show_one(session, visible, row)


async def record_outcome(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    meeting_id: str,
    *,
    held: bool,
    notes: str | None,
    items: Sequence[str],
    now: datetime,
) -> None:
    """As :func:`record_held`, with the action items that the meeting agreed on: their descriptions."""
    await record_held(session, viewer, postmortem_id, meeting_id, held=held, notes=notes, now=now)
    if held and items:
        seen = await get_visible(session, viewer, postmortem_id, lock=True)
        for one in items:
            await add_item(session, viewer, seen, new_id("ai"), {"description": one}, now)


def _told(row: Meeting) -> dict[str, Any]:
    return {
        "startsAt": row.starts_at.isoformat(),
        "minutes": row.minutes,
        "timeZone": row.time_zone,
        "location": row.location,
        "conference": row.conference_kind,
        "shareOutside": row.tells_outsiders,
    }


def _audit(
    session: Session,
    viewer: Viewer | None,
    action: str,
    row: Meeting,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit(session, viewer, action, "meeting", row.id, postmortem_id=row.postmortem_id, before=before, after=after)

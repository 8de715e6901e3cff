"""What a scheduled meeting needs as time goes by: reminders, a question at its end, and staying true to its postmortem.

One transaction, and nothing outside: see ``telling`` for the calendar and the mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.audit.audit_log import audit
from application.meetings.events import as_json, times_of
from application.meetings.planning import ask_to_tell, cancel
from application.notifications.notices import notify
from domain.escalation.targets import TargetName
from domain.meetings.meeting import EventTimes, MeetingStatus, Prompt, Response, next_look, prompts_due, title_of
from domain.meetings.suggestion import NOTICE, Invitee, suggest
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from models.meeting import Meeting, MeetingAttendee
from models.postmortem import Postmortem
from models.queries.meetings import meetings
from models.queries.notifications.receivers import read_office
from models.queries.people.calendars import read_calendars
from models.queries.people.people import people_by_id
from models.session import Session

GIVEN_UP_AFTER = timedelta(days=1)
"""After its end; what a calendar or a mail server has not taken until then is of no use to anybody."""
_KINDS = {
    Prompt.DAY_BEFORE: NoticeKind.MEETING_TOMORROW,
    Prompt.RIGHT_BEFORE: NoticeKind.MEETING_BEGINS,
    Prompt.ENDED: NoticeKind.MEETING_ENDED,
}


@dataclass(frozen=True, slots=True)
class MeetingStep:
    """What to do next. ``tells``: update the calendar, or send mail to attendees. ``checks``: read the event back from
    the calendar. ``next_at``: when to look again; None when nothing is left to wait for."""

    tells: bool = False
    checks: bool = False
    next_at: datetime | None = None


async def keep_meeting(session: Session, meeting_id: str, now: datetime) -> MeetingStep:
    """Takes the row out of the outbox."""
    row = await meetings.lock_meeting_unscoped(session, meeting_id)
    if row is None:
        return MeetingStep()
    row.workflow_started = True
    if row.status == MeetingStatus.SCHEDULED.value:
        await _keep_scheduled(session, row, now)
    if now > times_of(row).ends_at + GIVEN_UP_AFTER:
        row.told_request = row.request
    is_open = row.status == MeetingStatus.SCHEDULED.value
    row.next_at = next_look(times_of(row), now, has_event=row.remote_id is not None) if is_open else None
    checks = is_open and row.next_at is not None and row.remote_id is not None
    return MeetingStep(row.told_request < row.request, checks, row.next_at)


async def _keep_scheduled(session: Session, row: Meeting, now: datetime) -> None:
    found = await meetings.find_postmortem_unscoped(session, row.postmortem_id)
    if found is None or found[0].status == Status.ARCHIVED.value:
        cancel(session, None, row, "The postmortem was deleted." if found is None else "The postmortem was archived.")
        return
    postmortem, visibility = found
    title = title_of(postmortem.number, postmortem.title, visibility)
    if title != row.title:
        row.title = title
        row.sequence += 1
        ask_to_tell(row)
    attendees = [one for one in (await meetings.list_attendees(session, [row.id]))[row.id] if one.removed_at is None]
    if row.follows_target and row.starts_at > now:
        await _follow(session, row, attendees, now)
    for prompt in prompts_due(times_of(row), now):
        await _prompt(session, row, postmortem, attendees, prompt, now)


async def _prompt(
    session: Session,
    row: Meeting,
    postmortem: Postmortem,
    attendees: Sequence[MeetingAttendee],
    prompt: Prompt,
    now: datetime,
) -> None:
    if prompt is Prompt.ENDED:
        wanted = [await responsible_for(session, row, postmortem)]
    else:
        coming = [one.person_id for one in attendees if one.response != Response.DECLINED.value]
        wanted = [row.organizer_id, *(one for one in coming if one)]
    occasion = f"{row.id}:{prompt}:{row.starts_at.isoformat()}"
    await notify(
        session,
        [one for one in wanted if one],
        _KINDS[prompt],
        occasion,
        at=now,
        postmortem_id=postmortem.id,
        meeting_id=row.id,
    )


async def responsible_for(session: Session, row: Meeting, postmortem: Postmortem) -> str | None:
    """The organizer, or the author in place of an organizer who has left."""
    organizer = (await people_by_id(session, [row.organizer_id]))[row.organizer_id]
    return organizer.id if organizer.is_active else postmortem.author_id


async def notify_responsible(
    session: Session, row: Meeting, kind: NoticeKind, occasion: str, now: datetime, *, actor_id: str | None = None
) -> None:
    """Tells whoever organizes the meeting; nobody, once its postmortem is deleted."""
    found = await meetings.find_postmortem_unscoped(session, row.postmortem_id)
    wanted = await responsible_for(session, row, found[0]) if found else None
    if wanted is not None:
        await notify(
            session,
            [wanted],
            kind,
            occasion,
            at=now,
            postmortem_id=row.postmortem_id,
            meeting_id=row.id,
            actor_id=actor_id,
        )


async def _follow(session: Session, row: Meeting, attendees: Sequence[MeetingAttendee], now: datetime) -> None:
    """Moves the meeting when the review target has moved: as far before the new one as it was before the former one, or
    to the nearest time that suits. Where there is none, it stays."""
    target = await meetings.find_target_unscoped(session, row.postmortem_id or "", TargetName.REVIEW_COMPLETED.value)
    if target is None or target == row.target_at:
        return
    former, row.target_at = row.target_at, target
    if former is None:
        return
    people = await people_by_id(session, [one.person_id for one in attendees])
    teams = await meetings.list_teams(session, row.postmortem_id or "")
    calendars = await read_calendars(
        session, list(people.values()), await read_office(session, [one.id for one in teams])
    )
    invitees = [
        Invitee(one.person_id, people[one.person_id].name, calendars[one.person_id], required=one.required)
        for one in attendees
        if one.person_id in people
    ]
    slots = suggest(invitees, minutes=row.minutes, earliest=now + NOTICE, target=target, count=50)
    in_time = [one for one in slots if one.ends_at <= target]
    wanted = row.starts_at + (target - former)
    if not in_time:
        return
    best = min(in_time, key=lambda one: (len(one.outside), abs(one.starts_at - wanted)))
    move(session, row, EventTimes(best.starts_at, row.minutes, row.location), "target")
    ask_to_tell(row)


def move(session: Session, row: Meeting, times: EventTimes, why: str) -> None:
    """``why`` is what moved it: ``target``, or ``calendar``."""
    before = as_json(times_of(row))
    row.starts_at, row.minutes, row.location = times.starts_at, times.minutes, times.location
    row.version += 1
    row.sequence += 1
    after = as_json(times) | {"because": why}
    audit(
        session, None, "meeting.moved", "meeting", row.id, postmortem_id=row.postmortem_id, before=before, after=after
    )


async def tell_of_declined(session: Session, row: Meeting, attendee: MeetingAttendee, now: datetime) -> None:
    """To whoever organizes it: somebody who is needed can't come."""
    if not attendee.required:
        return
    occasion = f"{row.id}:declined:{attendee.address}:{row.starts_at.isoformat()}"
    await notify_responsible(session, row, NoticeKind.MEETING_DECLINED, occasion, now, actor_id=attendee.person_id)


async def apply_response(
    session: Session, row: Meeting, attendee: MeetingAttendee, response: Response, now: datetime
) -> None:
    """What an attendee answered, by mail or in their calendar."""
    if attendee.response == response.value:
        return
    before, attendee.response, attendee.responded_at = attendee.response, response.value, now
    row.version += 1
    subject = {"attendee": attendee.person_id or attendee.address}
    audit(
        session,
        None,
        "meeting.answered",
        "meeting",
        row.id,
        postmortem_id=row.postmortem_id,
        before=subject | {"response": before},
        after=subject | {"response": response.value},
    )
    if response is Response.DECLINED and row.status == MeetingStatus.SCHEDULED.value:
        await tell_of_declined(session, row, attendee, now)

"""Invitations by mail, for meetings whose calendar sends none: each is recorded as soon as it is sent.

A process that is killed between both sends it again: with the same ``Message-ID``, UID and sequence, which a calendar
takes for what it knows already.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from application.meetings.events import event_of, times_of
from application.meetings.letters import MeetingWords, letter, subject
from application.notifications.connection_trouble import record_trouble
from application.notifications.notices import notify
from domain.errors import AddressGone, DomainError
from domain.meetings.meeting import MeetingStatus
from domain.notifications.notices import NoticeKind
from integrations import registry
from integrations.bounce import MAIL
from integrations.meetings.invitation import Method, write
from integrations.notifier import Invitation, MailSender, Recipient
from models.keyring import Keyring
from models.meeting import Meeting, MeetingAttendee
from models.queries.connections.connections import list_by_kind
from models.queries.meetings import meetings
from models.queries.people.people import people_by_id
from models.session import Session, Sessions


@dataclass(frozen=True, slots=True)
class _Mail:
    """One letter. ``attendee`` None: to an organizer who isn't one."""

    address: str
    name: str
    zone: str
    method: Method
    is_update: bool
    is_inside: bool
    attendee: MeetingAttendee | None


async def send_invitations(
    sessions: Sessions,
    keyring: Keyring,
    row: Meeting,
    attendees: Sequence[MeetingAttendee],
    words: MeetingWords,
    inner: MeetingWords,
    now: datetime,
) -> bool:
    """Whether everyone who can be told was. ``inner`` is for people of the organization, ``words`` for all others.

    Raises NotifierUnavailable.
    """
    async with sessions.begin() as session:
        people = await people_by_id(session, [row.organizer_id, *(one.person_id for one in attendees)])
        organizer = people[row.organizer_id]
        zones = {one.id: one.time_zone for one in people.values()}
        connections = await list_by_kind(session, [MAIL])
        if not connections:
            await _notify_instead(session, row, attendees, now)
            return True
        connection = connections[0]
        config, secrets, kept_host = dict(connection.config), keyring.open(connection.secrets), connection.kept_host
        connection_id = connection.id
        mails = list(_mails(row, attendees, organizer.email, organizer.name, zones))
    async with registry.connect_notifier(MAIL, config, secrets, kept_host) as notifier:
        sender = registry.as_mail_sender(notifier)
        for one in mails:
            problem = None
            try:
                chosen = inner if one.is_inside else words
                await _send(sender, row, attendees, chosen, organizer.email, one, now)
            except AddressGone as gone:
                problem = str(gone)
            except DomainError as refusal:
                async with sessions.begin() as session:
                    await record_trouble(session, connection_id, str(refusal), now)
                return False
            await _record(sessions, row, one, problem)
    return True


def _mails(
    row: Meeting, attendees: Sequence[MeetingAttendee], organizer: str, name: str, zones: dict[str, str]
) -> Iterator[_Mail]:
    """The letters still to send. A cancellation goes only to people who got an invitation."""
    if row.status == MeetingStatus.HELD.value:
        return
    is_off = row.status == MeetingStatus.CANCELLED.value
    for one in attendees:
        method = Method.CANCEL if is_off or one.removed_at is not None else Method.REQUEST
        if (method is Method.CANCEL and one.mailed is None) or one.mailed == row.sequence:
            continue
        zone = zones.get(one.person_id or "", row.time_zone)
        is_update = one.mailed is not None
        yield _Mail(one.address, one.name, zone, method, is_update, one.person_id is not None, one)
    if organizer in {one.address for one in attendees if one.removed_at is None}:
        return
    told = row.organizer_mailed
    if told != row.sequence and not (is_off and told is None):
        method = Method.CANCEL if is_off else Method.REQUEST
        yield _Mail(organizer, name, zones[row.organizer_id], method, told is not None, True, None)


async def _send(
    sender: MailSender,
    row: Meeting,
    attendees: Sequence[MeetingAttendee],
    words: MeetingWords,
    organizer: str,
    mail: _Mail,
    now: datetime,
) -> None:
    event = event_of(row, attendees, words, organizer)
    if mail.attendee is not None and mail.attendee.removed_at is not None:
        guest = event_of(row, [_present(mail.attendee)], words, organizer).guests
        event = replace(event, guests=guest)
    calendar = await asyncio.to_thread(write, event, mail.method, now, reply_to=sender.reply_address)
    text, html = letter(words, times_of(row), mail.zone, mail.method, is_update=mail.is_update)
    invitation = Invitation(
        id=f"{row.id}.{row.sequence}.{mail.method.lower()}.{hashlib.sha256(mail.address.encode()).hexdigest()[:8]}",
        thread=row.id,
        subject=subject(words.title, mail.method, is_update=mail.is_update),
        text=text,
        html=html,
        method=mail.method.value,
        calendar=calendar,
        reply_to=organizer,
        created_at=now,
    )
    await sender.invite(invitation, Recipient(mail.address, mail.name))


def _present(attendee: MeetingAttendee) -> MeetingAttendee:
    """A copy that counts as still invited: the letter that removes someone must name them."""
    return MeetingAttendee(
        meeting_id=attendee.meeting_id,
        address=attendee.address,
        name=attendee.name,
        required=attendee.required,
        response=attendee.response,
        removed_at=None,
    )


async def _record(sessions: Sessions, row: Meeting, mail: _Mail, problem: str | None) -> None:
    async with sessions.begin() as session:
        held = await meetings.lock_meeting_unscoped(session, row.id)
        if held is None:
            return
        if mail.attendee is None:
            held.organizer_mailed = row.sequence
            return
        for one in (await meetings.list_attendees(session, [row.id]))[row.id]:
            if one.address == mail.address:
                was_removed = mail.attendee.removed_at is not None
                one.mailed, one.problem = None if was_removed else row.sequence, problem


async def _notify_instead(session: Session, row: Meeting, attendees: Sequence[MeetingAttendee], now: datetime) -> None:
    """Where no calendar and no mail server is connected, people hear of it as they hear of everything else."""
    if row.status != MeetingStatus.SCHEDULED.value or row.postmortem_id is None:
        return
    wanted = [one.person_id for one in attendees if one.person_id and one.removed_at is None]
    await notify(
        session,
        [one for one in wanted if one != row.organizer_id],
        NoticeKind.MEETING_SCHEDULED,
        f"{row.id}:scheduled:{row.starts_at.isoformat()}",
        at=now,
        postmortem_id=row.postmortem_id,
        meeting_id=row.id,
        actor_id=row.organizer_id,
    )

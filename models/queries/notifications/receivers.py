"""What a receiver's workflow asks: when to look next, and what is to be told now. For activities alone.

Each takes the receiver's ``voice`` row first, so that two of them never plan the same receiver at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.escalation.policy import Office
from domain.notifications import timing as rules
from domain.notifications.timing import Hearing, Outcome, Plan
from domain.people.absence import absence
from domain.people.calendar import Calendar
from models.base import derived_id, new_id
from models.integration import Integration
from models.notification import Message, Voice
from models.person import Person
from models.postmortem import Postmortem
from models.queries.access.visibility import visible_to
from models.queries.escalation.policies import content_of, pick_policy
from models.queries.notifications.notice_facts import Fact, read_facts
from models.queries.notifications.notices import notify
from models.queries.people import people
from models.queries.people.calendars import read_calendars
from models.record import Notice
from models.team import Team

SENDING_LASTS = timedelta(hours=2)
"""More than every way together takes: a workflow that has not looked again by then is lost."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A person, whose rights are ``viewer``'s, or a team, whose channel may hear what every member may see."""

    id: str
    name: str
    hearing: Hearing
    voice: Voice
    person: Person | None = None
    viewer: Viewer | None = None
    team: Team | None = None

    @property
    def mine(self) -> Any:
        return Notice.person_id == self.id if self.person else Notice.team_id == self.id

    def snoozes(self, now: datetime) -> bool:
        return self.hearing.snoozed_until is not None and self.hearing.snoozed_until > now


async def _hold(session: AsyncSession, receiver_id: str) -> Voice:
    await session.execute(insert(Voice).values(receiver_id=receiver_id).on_conflict_do_nothing())
    statement = select(Voice).where(Voice.receiver_id == receiver_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def find_receiver_unscoped(session: AsyncSession, receiver_id: str) -> Receiver | None:
    """Holds the receiver. None for somebody who left, and for a team that has no channel or is gone."""
    voice = await _hold(session, receiver_id)
    person = await session.get(Person, receiver_id, populate_existing=True)
    if person is not None:
        if not person.is_active:
            return None
        viewer = await people.get_viewer_unscoped(session, person.id, "voice")
        hours = await _hours(session, person, viewer.team_ids)
        hearing = _hearing(person, voice, hours, await _last_escalation(session, person.id))
        return Receiver(person.id, person.name, hearing, voice, person, viewer)
    team = await session.get(Team, receiver_id, populate_existing=True)
    if team is None or team.channel_id is None:
        return None
    lead = await session.get(Person, team.lead_id) if team.lead_id else None
    hours = await _hours(session, lead, {team.id})
    hearing = Hearing(
        replace(hours, away=()),
        last_digest_at=voice.last_digest_at,
        last_escalation_at=await _last_escalation(session, team.id),
        planned_at=voice.digest_at,
        daily=False,
    )
    return Receiver(team.id, team.name, hearing, voice, team=team)


def _hearing(person: Person, voice: Voice, hours: Calendar, last_escalation_at: datetime | None) -> Hearing:
    """Quiet hours that leave nothing of somebody's working hours, since their office's have changed, do not count."""
    quiet = None if person.quiet_from is None or person.quiet_until is None else (person.quiet_from, person.quiet_until)
    return Hearing(
        hours,
        preferred=person.preferred_minute,
        quiet=quiet if rules.leaves_time(hours, quiet) else None,
        snoozed_until=person.snoozed_until,
        last_digest_at=voice.last_digest_at,
        last_escalation_at=last_escalation_at,
        planned_at=voice.digest_at,
    )


async def _last_escalation(session: AsyncSession, receiver_id: str) -> datetime | None:
    told = Message.receiver_id == receiver_id, Message.kind == "ESCALATION", Message.state != "VOID"
    return (await session.execute(select(func.max(Message.created_at)).where(*told))).scalar_one()


async def _hours(session: AsyncSession, person: Person | None, team_ids: Collection[str]) -> Calendar:
    """A person's own, else those of their teams' office: nobody's in particular."""
    office = await read_office(session, team_ids)
    return (await read_calendars(session, [person], office))[person.id] if person else office.calendar


async def read_office(session: AsyncSession, team_ids: Collection[str]) -> Office:
    """Of the policy for everything of these teams, else of the default one."""
    row = await pick_policy(session, urgency=None, service_ids=(), team_ids=sorted(team_ids))
    return content_of(row).office


# The plan


async def plan_unscoped(session: AsyncSession, receiver_id: str, now: datetime) -> Plan:
    """Takes the receiver's notices out of the outbox, and says when to look at them next."""
    receiver = await find_receiver_unscoped(session, receiver_id)
    heard = update(Notice).where(or_(Notice.person_id == receiver_id, Notice.team_id == receiver_id), ~Notice.is_heard)
    await session.execute(heard.values(is_heard=True))
    if receiver is None:
        voice = await _hold(session, receiver_id)
        voice.next_at = voice.digest_at = None
        await _settle_all(session, receiver_id, now)
        return Plan()
    if receiver.person:
        await _stand_in(session, receiver, now)
    plan = await _plan(session, receiver, now)
    receiver.voice.next_at, receiver.voice.digest_at = plan.at, plan.digest_at
    return plan


async def _plan(session: AsyncSession, receiver: Receiver, now: datetime) -> Plan:
    hearing = receiver.hearing
    unsent = await _kept(session, receiver, now)
    waiting = await _waiting(session, receiver)
    urgent = [one.created_at for one in waiting if one.is_escalation]
    others = [one.created_at for one in waiting if not one.is_escalation]
    digest_at = rules.next_digest(min(others), now, hearing) if others else None
    at = rules.earliest(
        rules.next_moment(now, hearing) if unsent else None,
        rules.next_escalation(min(urgent), now, hearing) if urgent else None,
        digest_at,
        _away_begins(receiver, now) if waiting else None,
        _report_at(receiver, now),
    )
    return Plan(at, digest_at)


def _away_begins(receiver: Receiver, now: datetime) -> datetime | None:
    """When what waits goes to the delegate."""
    person = receiver.person
    if person is None or person.delegate_id is None or person.away_from is None:
        return None
    return person.away_from if person.away_from > now else None


def _report_at(receiver: Receiver, now: datetime) -> datetime | None:
    """A team that was never reported to hears at the end of this week first."""
    if receiver.team is None:
        return None
    zone = ZoneInfo(receiver.hearing.calendar.zone)
    receiver.voice.reported_on = reported = receiver.voice.reported_on or _monday(now, zone)
    begun = datetime(reported.year, reported.month, reported.day, tzinfo=zone)
    due = rules.report_at(begun, receiver.hearing)
    return rules.next_moment(max(due, now), receiver.hearing) if due else None


def _monday(at: datetime, zone: ZoneInfo) -> date:
    today = at.astimezone(zone).date()
    return today - timedelta(days=today.weekday())


async def _waiting(session: AsyncSession, receiver: Receiver) -> list[Notice]:
    statement = select(Notice).where(receiver.mine, Notice.settled_at.is_(None), Notice.message_id.is_(None))
    statement = statement.order_by(Notice.created_at, Notice.id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def _unsent(session: AsyncSession, receiver_id: str) -> Message | None:
    statement = select(Message).where(Message.receiver_id == receiver_id, Message.state == "WAITING")
    return (await session.execute(statement.order_by(Message.created_at, Message.id).limit(1))).scalar()


async def _kept(session: AsyncSession, receiver: Receiver, now: datetime) -> Message | None:
    """What is not sent yet and still to be. A digest, for instance of an evening, is taken back for a snooze: its
    notices wait anew."""
    unsent = await _unsent(session, receiver.id)
    if unsent is None or unsent.kind != "DIGEST" or not receiver.snoozes(now):
        return unsent
    unsent.state = "VOID"
    mine = update(Notice).where(Notice.message_id == unsent.id, Notice.settled_at.is_(None))
    await session.execute(mine.values(message_id=None))
    await session.flush()
    return await _unsent(session, receiver.id)


async def _settle_all(session: AsyncSession, receiver_id: str, now: datetime) -> None:
    theirs = or_(Notice.person_id == receiver_id, Notice.team_id == receiver_id)
    statement = update(Notice).where(theirs, Notice.settled_at.is_(None))
    await session.execute(statement.values(settled_at=now, outcome=Outcome.LEFT.value))
    gone = update(Message).where(Message.receiver_id == receiver_id, Message.state == "WAITING")
    await session.execute(gone.values(state="VOID"))


# Away


async def _stand_in(session: AsyncSession, receiver: Receiver, now: datetime) -> None:
    """While somebody is away, what waits goes to their delegate, if there is one who may see it; authors are told."""
    person = receiver.person
    if person is None or absence(person.is_active, person.away_from, person.away_until, now) is None:
        return
    delegate = await _delegate(session, person, now)
    visible = await _visible(session, delegate, await _waiting(session, receiver)) if delegate else set()
    begun = person.away_from.isoformat() if person.away_from else "open"
    for notice in await _waiting(session, receiver):
        handed = delegate is not None and (notice.postmortem_id is None or notice.postmortem_id in visible)
        if handed and delegate is not None and notice.on_behalf_of_id is None:
            await _hand_over(session, notice, person.id, delegate.id, now)
        author_id = await _author(session, notice.postmortem_id)
        if author_id and author_id not in {person.id, delegate.id if delegate else None}:
            await notify(
                session,
                [author_id],
                "away_delegated" if handed else "away_waits",
                f"{notice.postmortem_id}:away:{person.id}:{begun}",
                at=now,
                postmortem_id=notice.postmortem_id,
                on_behalf_of_id=person.id,
            )
    await session.flush()


async def _delegate(session: AsyncSession, person: Person, now: datetime) -> Person | None:
    """None where nobody was named, or where they are away themselves."""
    found = await session.get(Person, person.delegate_id) if person.delegate_id else None
    if found is None or found.id == person.id:
        return None
    return None if absence(found.is_active, found.away_from, found.away_until, now) else found


async def _visible(session: AsyncSession, delegate: Person | None, notices: Sequence[Notice]) -> set[str]:
    if delegate is None:
        return set()
    viewer = await people.get_viewer_unscoped(session, delegate.id, "voice")
    ids = {one.postmortem_id for one in notices if one.postmortem_id}
    return set(
        (await session.execute(select(Postmortem.id).where(Postmortem.id.in_(ids), visible_to(viewer)))).scalars()
    )


async def _author(session: AsyncSession, postmortem_id: str | None) -> str | None:
    if postmortem_id is None:
        return None
    author = select(Postmortem.author_id).join(Person, Person.id == Postmortem.author_id)
    return (await session.execute(author.where(Postmortem.id == postmortem_id, Person.is_active))).scalar_one_or_none()


async def _hand_over(session: AsyncSession, notice: Notice, person_id: str, delegate_id: str, now: datetime) -> None:
    await notify(
        session,
        [delegate_id],
        notice.kind,
        f"{notice.dedupe_key}:for:{person_id}",
        at=now,
        postmortem_id=notice.postmortem_id,
        action_item_id=notice.action_item_id,
        target=notice.target,
        rung=notice.rung,
        comment_id=notice.comment_id,
        integration_id=notice.integration_id,
        about_team_id=notice.about_team_id,
        on_behalf_of_id=person_id,
        is_escalation=notice.is_escalation,
    )
    notice.settled_at, notice.outcome = now, Outcome.DELEGATED.value


# The message


async def compose_unscoped(session: AsyncSession, receiver_id: str, now: datetime) -> str | None:
    """The message that is to be sent now, made of what is still worth telling; None where there is none.

    One that was made before and has no answer yet comes first, so that this may run twice.
    """
    receiver = await find_receiver_unscoped(session, receiver_id)
    if receiver is None or not rules.may_speak(now, receiver.hearing):
        return None
    message_id = await _compose(session, receiver, now)
    if message_id is not None:
        receiver.voice.next_at = now + SENDING_LASTS
    return message_id


async def _compose(session: AsyncSession, receiver: Receiver, now: datetime) -> str | None:
    if unsent := await _unsent(session, receiver.id):
        return unsent.id
    live = [one.notice for one in await _live(session, receiver, now)]
    urgent = [one for one in live if one.is_escalation]
    if urgent and rules.next_escalation(now, now, receiver.hearing) == now:
        return await _make(session, receiver, "ESCALATION", urgent, now)
    if receiver.team and (published := [one for one in live if one.kind == "published"]):
        return await _make(session, receiver, "PUBLISHED", published[:1], now)
    if live := [one for one in live if not one.is_escalation]:
        due = rules.next_digest(min(one.created_at for one in live), now, receiver.hearing)
        if due is not None and due <= now:
            receiver.voice.last_digest_at, receiver.voice.digest_at = now, None
            return await _make(session, receiver, "DIGEST", live, now)
    return await _report(session, receiver, now)


async def _live(session: AsyncSession, receiver: Receiver, now: datetime) -> list[Fact]:
    """What is still worth telling; the rest is settled."""
    person = receiver.person
    facts = await read_facts(
        session,
        await _waiting(session, receiver),
        now,
        viewer=receiver.viewer,
        team_id=receiver.team.id if receiver.team else None,
        muted=person.muted_kinds if person else (),
    )
    for one in facts:
        if one.outcome:
            one.notice.settled_at, one.notice.outcome = now, one.outcome.value
    return [one for one in facts if one.outcome is None]


async def _make(session: AsyncSession, receiver: Receiver, kind: str, notices: Sequence[Notice], now: datetime) -> str:
    message = Message(id=new_id("msg"), receiver_id=receiver.id, kind=kind, state="WAITING", created_at=now)
    session.add(message)
    await session.flush()
    for one in notices:
        one.message_id = message.id
    return message.id


async def _report(session: AsyncSession, receiver: Receiver, now: datetime) -> str | None:
    """Once for each week, about the week before."""
    monday = _monday(now, ZoneInfo(receiver.hearing.calendar.zone))
    if receiver.team is None or receiver.voice.reported_on in {None, monday}:
        return None
    receiver.voice.reported_on = monday
    message_id = derived_id("msg", receiver.id, "report", monday.isoformat())
    values = {"id": message_id, "receiver_id": receiver.id, "kind": "REPORT", "state": "WAITING", "created_at": now}
    await session.execute(insert(Message).values(**values).on_conflict_do_nothing())
    return message_id


# The outbox


async def list_unheard_unscoped(session: AsyncSession, limit: int) -> list[str]:
    """Receivers with notices that their workflow does not know of, those who wait longest first."""
    statement = (
        select(Notice.person_id, Notice.team_id).where(~Notice.is_heard).order_by(Notice.created_at).limit(limit)
    )
    rows = (await session.execute(statement)).all()
    return list(dict.fromkeys(one.person_id or one.team_id for one in rows))


async def list_overlooked_unscoped(session: AsyncSession, before: datetime, limit: int) -> list[str]:
    """Receivers at whom nobody has looked since before that instant, though it was planned; teams never planned."""
    planned = select(Voice.receiver_id).where(Voice.next_at < before).order_by(Voice.next_at).limit(limit)
    found = list((await session.execute(planned)).scalars())
    unknown = ~exists().where(Voice.receiver_id == Team.id, Voice.next_at.is_not(None))
    enabled = exists().where(Integration.id == Team.channel_id)
    teams = select(Team.id).where(Team.channel_id.is_not(None), enabled, unknown).limit(limit)
    return [*found, *(await session.execute(teams)).scalars()]


async def replan(session: AsyncSession, receiver_id: str) -> None:
    """What waits is put back into the outbox: preferences or absences have changed."""
    theirs = or_(Notice.person_id == receiver_id, Notice.team_id == receiver_id)
    await session.execute(update(Notice).where(theirs, Notice.settled_at.is_(None)).values(is_heard=False))

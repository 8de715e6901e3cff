"""Messages on their way out: what is in one, by which ways it may go, and what became of it. For activities alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications import timing as rules
from domain.notifications.timing import Outcome
from domain.postmortems.lifecycle import Status
from models.account import PersonAccount
from models.integration import Integration
from models.notification import ChannelAddress, Message, Voice
from models.person import Person
from models.postmortem import Postmortem, PostmortemReviewer
from models.queries.access.visibility import visible_to
from models.queries.connections.connections import log_attempt
from models.queries.notifications.notice_facts import Fact, read_facts
from models.queries.notifications.receivers import Receiver, find_receiver_unscoped
from models.queries.notifications.weekly_summary import Report, read_report
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import state_of
from models.record import Notice
from models.section import Section
from models.team import Team

REFUSAL_LASTS = timedelta(days=7)
"""After which somebody who was not there is tried again."""
EXTRAS = 5
"""Postmortems that wait for others, in a digest that goes out anyway."""


@dataclass(frozen=True, slots=True)
class Waits:
    """A postmortem of the receiver's that waits for somebody else's review."""

    postmortem_id: str
    title: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A message with the facts of now. ``may_go`` false: not in this moment; ``preview`` is a summary in Markdown."""

    message: Message
    receiver: Receiver
    facts: list[Fact]
    may_go: bool
    waits: list[Waits] = field(default_factory=list)
    report: Report | None = None
    preview: str | None = None

    @property
    def is_empty(self) -> bool:
        return not self.facts and (self.report is None or self.report.is_empty)


async def read_message_unscoped(session: AsyncSession, message_id: str, now: datetime) -> Work | None:
    """None where it was answered. Reads every fact again: what is no longer worth telling is settled, not told."""
    message = await session.get(Message, message_id, populate_existing=True)
    if message is None or message.state != "WAITING":
        return None
    receiver = await find_receiver_unscoped(session, message.receiver_id)
    if receiver is None:
        message.state = "VOID"
        return None
    statement = select(Notice).where(Notice.message_id == message_id, Notice.settled_at.is_(None))
    notices = list((await session.execute(statement.order_by(Notice.created_at, Notice.id))).scalars())
    person, team = receiver.person, receiver.team
    facts = await read_facts(
        session,
        notices,
        now,
        viewer=receiver.viewer,
        team_id=team.id if team else None,
        muted=person.muted_kinds if person else (),
    )
    for one in facts:
        if one.outcome:
            one.notice.settled_at, one.notice.outcome = now, one.outcome.value
    work = Work(
        message,
        receiver,
        [one for one in facts if one.outcome is None],
        rules.may_speak(now, receiver.hearing) and not (message.kind == "DIGEST" and receiver.snoozes(now)),
        waits=await _waits(session, receiver) if message.kind == "DIGEST" and receiver.person else [],
        report=await read_report(session, team, now) if team and message.kind == "REPORT" else None,
        preview=await _preview(session, facts) if message.kind == "PUBLISHED" else None,
    )
    if work.is_empty:
        message.state = "VOID"
        return None
    return work


async def _preview(session: AsyncSession, facts: Sequence[Fact]) -> str | None:
    ids = [one.notice.postmortem_id for one in facts if one.outcome is None and one.notice.postmortem_id]
    return (await session.get(Section, (ids[0], "summary")) or Section(body="")).body if ids else None


async def _waits(session: AsyncSession, receiver: Receiver) -> list[Waits]:
    if receiver.viewer is None:
        return []
    statement = (
        select(Postmortem, PostmortemReviewer, Person.name)
        .join(PostmortemReviewer, PostmortemReviewer.postmortem_id == Postmortem.id)
        .join(Person, Person.id == PostmortemReviewer.person_id)
        .where(Postmortem.author_id == receiver.id, Postmortem.status == Status.IN_REVIEW.value)
        .where(visible_to(receiver.viewer), Person.is_active)
        .order_by(Postmortem.submitted_at, Postmortem.id, Person.name)
        .limit(200)
    )
    found: dict[str, tuple[str, list[str]]] = {}
    for postmortem, reviewer, name in (await session.execute(statement)).all():
        if state_of(reviewer, postmortem) in {"PENDING", "STALE"}:
            found.setdefault(postmortem.id, (postmortem.title, []))[1].append(name)
    return [Waits(key, title, tuple(names)) for key, (title, names) in list(found.items())[:EXTRAS]]


# Ways


@dataclass(frozen=True, slots=True)
class Way:
    """A connection, and where it reaches the receiver: ``address`` None has to be looked up."""

    integration: Integration
    address: str | None


async def list_ways_unscoped(session: AsyncSession, work: Work, kinds: Sequence[str], now: datetime) -> list[Way]:
    """``kinds`` in the order in which a person is tried; a team has its one channel."""
    team, person = work.receiver.team, work.receiver.person
    if team is not None:
        integration = await session.get(Integration, team.channel_id) if team.channel_id else None
        usable = integration is not None and integration.is_enabled
        return [Way(integration, team.channel_address or "")] if integration is not None and usable else []
    if person is None or (person.preferred_channel == "inbox" and work.message.kind != "ESCALATION"):
        return []
    known = and_(ChannelAddress.integration_id == Integration.id, ChannelAddress.person_id == person.id)
    account = and_(PersonAccount.integration_id == Integration.id, PersonAccount.person_id == person.id)
    statement = select(Integration, ChannelAddress, PersonAccount.account).outerjoin(ChannelAddress, known)
    statement = statement.outerjoin(PersonAccount, account).where(Integration.kind.in_(kinds), Integration.is_enabled)
    rows = (await session.execute(statement.order_by(Integration.created_at, Integration.id))).all()
    ways = [way for row in rows if (way := _way(row[0], row[1], row[2], now)) is not None]
    order = {kind: place for place, kind in enumerate(kinds)}
    first = person.preferred_channel
    return sorted(ways, key=lambda one: (one.integration.kind != first, order[one.integration.kind]))


def _way(integration: Integration, known: ChannelAddress | None, account: str | None, now: datetime) -> Way | None:
    """None where nobody was there lately; what was looked up then is looked up again. ``account`` is what the table of
    accounts says, which goes before what was looked up."""
    if known is None or known.refused_at is None:
        return Way(integration, known.address if known and (known.is_chosen or account is None) else account)
    if known.refused_at > now - REFUSAL_LASTS:
        return None
    return Way(integration, known.address if known.is_chosen else account)


async def find_thread_unscoped(session: AsyncSession, way: Way, postmortem_id: str) -> str | None:
    """The last message there that told of this postmortem alone and stands by itself: what later ones stand under. The
    week's report is none."""
    told = (Notice.message_id == Message.id, Notice.outcome == Outcome.TOLD.value)
    of_others = exists().where(*told, Notice.postmortem_id.is_distinct_from(postmortem_id))
    statement = (
        select(Message.external_id)
        .where(Message.integration_id == way.integration.id, Message.address == way.address)
        .where(Message.state == "SENT", Message.external_id.is_not(None), Message.thread.is_(None))
        .where(Message.id.in_(select(Notice.message_id).where(*told[1:], Notice.postmortem_id == postmortem_id)))
        .where(~of_others)
        .order_by(Message.sent_at.desc(), Message.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def has_ways_unscoped(session: AsyncSession, kinds: Sequence[str]) -> bool:
    """Whether people are told anything outside of their inboxes at all."""
    statement = select(Integration.id).where(Integration.kind.in_(kinds), Integration.is_enabled).limit(1)
    return (await session.execute(statement)).scalar() is not None


async def keep_address(
    session: AsyncSession, integration_id: str, person_id: str, address: str, now: datetime, refused: str | None = None
) -> None:
    """``refused`` says why nobody was there."""
    values: dict[str, Any] = {
        "address": address,
        "found_at": now,
        "refused_at": now if refused else None,
        "detail": refused[:500] if refused else None,
    }
    statement = insert(ChannelAddress).values(
        integration_id=integration_id, person_id=person_id, is_chosen=False, **values
    )
    keys = ["integration_id", "person_id"]
    if refused:
        values.pop("address")
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


async def list_refusals_unscoped(session: AsyncSession, person_id: str, now: datetime) -> list[str]:
    """Why ways that are in use were not tried: what was said when nobody was there."""
    statement = select(ChannelAddress.detail).join(Integration, Integration.id == ChannelAddress.integration_id)
    statement = statement.where(ChannelAddress.person_id == person_id, Integration.is_enabled)
    statement = statement.where(ChannelAddress.refused_at > now - REFUSAL_LASTS, ChannelAddress.detail.is_not(None))
    return [one for one in (await session.execute(statement.order_by(ChannelAddress.refused_at))).scalars() if one]


async def forget_refusals(session: AsyncSession, person_id: str) -> None:
    """Every way is tried again."""
    statement = update(ChannelAddress).where(ChannelAddress.person_id == person_id)
    await session.execute(statement.values(refused_at=None, detail=None))


# What became of it


async def record_sent(
    session: AsyncSession,
    message_id: str,
    now: datetime,
    *,
    integration: Integration | None,
    address: str | None,
    external_id: str | None,
    unreachable: str | None,
    thread: str | None = None,
) -> None:
    """Tells nobody twice: the notices are settled in the transaction that keeps the receipt. ``integration`` None:
    the inbox has it; ``unreachable`` says why nothing else took it."""
    message = await session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if message is None or message.state != "WAITING":
        return
    channel = integration.kind if integration else "inbox"
    message.state, message.sent_at, message.channel = "SENT", now, channel
    message.integration_id = integration.id if integration else None
    message.address, message.external_id, message.thread = address, external_id, thread
    message.detail = unreachable
    told = update(Notice).where(Notice.message_id == message_id, Notice.settled_at.is_(None))
    await session.execute(told.values(settled_at=now, outcome=Outcome.TOLD.value, channel=channel))
    voice = await session.get(Voice, message.receiver_id, populate_existing=True)
    if voice is not None and unreachable:
        voice.unreachable_since = voice.unreachable_since or now
        voice.unreachable_why = unreachable[:500]
    elif voice is not None and integration is not None:
        voice.unreachable_since = voice.unreachable_why = None
    if integration is not None:
        log_attempt(session, integration.id, "OUT", f"message {message.kind.lower()}", "ok", detail=message.id, at=now)


# For administrators


@dataclass(frozen=True, slots=True)
class Unreachable:
    """``receiver_id`` is a person's or a team's."""

    receiver_id: str
    name: str
    is_team: bool
    since: datetime
    why: str


async def list_unreachable(session: AsyncSession, ask: Ask) -> Page[Unreachable]:
    """Whom the last message reached in no way but the inbox, those who wait longest last."""
    statement = (
        select(Voice, func.coalesce(Person.name, Team.name), Team.id)
        .outerjoin(Person, Person.id == Voice.receiver_id)
        .outerjoin(Team, Team.id == Voice.receiver_id)
        .where(Voice.unreachable_since.is_not(None), or_(Person.is_active, Team.id.is_not(None)))
    )
    order = Order("unreachable", Voice.unreachable_since, Voice.receiver_id)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([_unreachable(row[0], row[1], row[2]) for row in rows], cursor)


def _unreachable(voice: Voice, name: str, team_id: str | None) -> Unreachable:
    since = voice.unreachable_since
    assert since is not None  # noqa: S101
    return Unreachable(voice.receiver_id, name, team_id is not None, since, voice.unreachable_why or "")

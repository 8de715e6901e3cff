"""What a receiver's workflow does: plans and composes in the database, and sends through a channel.

Sending is at least once. An activity that is killed after the channel took a message and before its receipt is kept
runs again and sends it again, with the same ids: whoever knows ``Message-ID`` shows it once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import beating
from activities.notifications.wording import Words
from activities.refusals import transaction
from domain.errors import AddressGone, CredentialsLocked, DomainError
from domain.notifications.timing import Plan
from integrations import registry
from integrations.notifier import Message, MessageKind, Notifier, NotifierUnavailable, Receipt, Recipient
from models.keyring import Keyring
from models.queries.connections import connections
from models.queries.notifications import messages, receivers
from models.queries.notifications.messages import Way, Work
from models.session import Sessions

log = structlog.get_logger()

PATIENCE = 8
"""Attempts after which a way that stumbles is given up for this message, and the next one is tried: with the policy
``retries.NOTIFY`` that is after 20 minutes."""
SENDING_LASTS = 60.0
"""Seconds for one way."""


@dataclass(frozen=True, slots=True)
class LookAt:
    """``at`` is the workflow's own time."""

    receiver_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deliver:
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """``channel`` None: not now, since it is not the receiver's time any more, or nothing of it was left."""

    channel: str | None


class NoticeActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def plan_voice(self, given: LookAt) -> Plan:
        """Takes the receiver's notices out of the outbox; when to look next."""
        async with transaction(self._sessions) as session:
            return await receivers.plan_unscoped(session, given.receiver_id, given.at)

    @activity.defn
    async def compose_message(self, given: LookAt) -> str | None:
        """The id of the message that is to be sent now."""
        async with transaction(self._sessions) as session:
            return await receivers.compose_unscoped(session, given.receiver_id, given.at)

    @activity.defn
    async def deliver_message(self, given: Deliver) -> Delivered:
        """Reads every fact again, then tries one way after the other; the inbox has it in any case."""
        now = given.at + _elapsed()
        async with transaction(self._sessions) as session:
            work = await messages.read_message_unscoped(session, given.message_id, now)
            if work is None or not work.may_go:
                return Delivered(None)
            kinds = people_kinds()
            ways = await messages.list_ways_unscoped(session, work, kinds, now)
            any_way = bool(work.receiver.team) or await messages.has_ways_unscoped(session, kinds)
        said = Words(self._base_url, self._token(work), work.receiver.hearing.calendar.zone, now).message(work)
        failed: list[str] = []
        for place, way in enumerate(ways):
            is_patient = activity.info().attempt < PATIENCE * (place + 1)
            sent = await self._try(work, said, way, now, failed, is_patient=is_patient)
            if sent is not None:
                await self._record(work, way, sent, now)
                return Delivered(way.integration.kind)
        person = work.receiver.person
        silent = person is not None and person.preferred_channel == "inbox"
        async with transaction(self._sessions) as session:
            known = await messages.list_refusals_unscoped(session, person.id, now) if person else []
            why = "; ".join(failed or known) or "no connection knows an address"
            unreachable = why if any_way and not silent else None
            await messages.record_sent(
                session, said.id, now, integration=None, address=None, external_id=None, unreachable=unreachable
            )
        log.info("message left in the inbox", message_id=said.id, to=work.receiver.id, why=unreachable)
        return Delivered("inbox")

    async def _record(self, work: Work, way: Way, sent: "_Sent", now: datetime) -> None:
        team_id = work.receiver.team.id if work.receiver.team else None
        async with transaction(self._sessions) as session:
            await messages.record_sent(
                session,
                work.message.id,
                now,
                integration=way.integration,
                address=sent.address,
                external_id=sent.receipt.external_id,
                unreachable=None,
                thread=sent.receipt.thread,
            )
            await connections.note_recovery(session, way.integration.id, now, team_id=team_id)
        log.info("message sent", message_id=work.message.id, to=work.receiver.id, channel=way.integration.kind)

    async def _try(
        self, work: Work, said: Message, way: Way, now: datetime, failed: list[str], *, is_patient: bool
    ) -> "_Sent | None":
        """None where this way leads nowhere; ``failed`` then says why. Raises to be tried again."""
        kind, person, team = way.integration.kind, work.receiver.person, work.receiver.team
        try:
            return await beating(self._send(work, said, way))
        except NotifierUnavailable as stumble:
            if is_patient:
                delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
                raise ApplicationError(str(stumble), type="NotifierUnavailable", next_retry_delay=delay) from None
            failed.append(str(stumble))
        except AddressGone as refusal:
            failed.append(str(refusal))
            if person is not None:
                gone = way.address or str(refusal.facts.get("address", ""))
                async with transaction(self._sessions) as session:
                    await messages.keep_address(session, way.integration.id, person.id, gone, now, refused=str(refusal))
            else:
                await self._break(way, str(refusal), now, team.id if team else None)
        except CredentialsLocked as refusal:
            failed.append(f"{kind}: {refusal}")
            await self._break(way, str(refusal), now, None)
        except DomainError as refusal:
            failed.append(str(refusal))
            is_channel = refusal.code == "ChannelArchived" and team is not None
            await self._break(way, str(refusal), now, team.id if team and is_channel else None)
        return None

    async def _send(self, work: Work, said: Message, way: Way) -> "_Sent":
        secrets: Mapping[str, object] = self._keyring.open(way.integration.secrets)
        person, team = work.receiver.person, work.receiver.team
        thread = await self._thread(said, way) if team else None
        try:
            async with (
                asyncio.timeout(SENDING_LASTS),
                registry.connect_notifier(way.integration.kind, way.integration.config, secrets) as notifier,
            ):
                address = way.address if way.address is not None else await self._address(notifier, work, way)
                person_id, team_id = person.id if person else None, team.id if team else None
                to = Recipient(address, work.receiver.name, person_id, team_id, thread)
                return _Sent(address, await notifier.send(said, to))
        except TimeoutError:
            raise NotifierUnavailable(way.integration.kind, f"no answer within {SENDING_LASTS:.0f} s") from None

    async def _thread(self, said: Message, way: Way) -> str | None:
        """What it stands under in a team's channel, if it is about one postmortem."""
        if len(said.threads) != 1 or said.kind is MessageKind.REPORT:
            return None
        async with transaction(self._sessions) as session:
            return await messages.find_thread_unscoped(session, way, said.threads[0])

    async def _address(self, notifier: Notifier, work: Work, way: Way) -> str:
        person = work.receiver.person
        address = await notifier.find_address(person.email) if person else None
        if person is None or address is None:
            known = person.email if person else ""
            raise AddressGone(channel=notifier.label, address=known, detail="nobody has this e-mail address there.")
        async with transaction(self._sessions) as session:
            await messages.keep_address(session, way.integration.id, person.id, address, work.message.created_at)
        return address

    async def _break(self, way: Way, why: str, now: datetime, team_id: str | None) -> None:
        async with transaction(self._sessions) as session:
            await connections.note_trouble(session, way.integration.id, why, now, team_id=team_id)

    def _token(self, work: Work) -> str | None:
        return self._keyring.sign("unsubscribe", work.receiver.id) if work.receiver.person else None


@dataclass(frozen=True, slots=True)
class _Sent:
    address: str
    receipt: Receipt


def people_kinds() -> list[str]:
    """Kinds of channels that reach a person, in the order in which they are tried."""
    found = [(registry.notifier(kind), kind) for kind in registry.notifier_kinds()]
    return [kind for _, kind in sorted((one.rank, kind) for one, kind in found if one.reaches_people)]


def _elapsed() -> timedelta:
    """Since it was scheduled: attempts may go on for hours, and the workflow's clock may be another one than ours."""
    info = activity.info()
    return max(info.started_time - info.scheduled_time, timedelta(0))

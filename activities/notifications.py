"""What a receiver's workflow does: plan, compose a message, and send it through a connection.

A message is sent at least once. If the activity is killed after the channel took the message and before the receipt is
stored, it runs again and sends the message again with the same ids; a mail program that knows ``Message-ID`` shows it
once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import beating
from activities.refusals import as_failure, transaction
from application.notifications import delivery, planning
from application.notifications.composing import MessageWriter
from application.notifications.connection_trouble import record_recovery, record_trouble
from application.notifications.delivery import PreparedMessage, Route
from domain.errors import AddressGone, CredentialsLocked, DomainError
from domain.notifications.timing import DeliveryPlan
from integrations import registry
from integrations.notifier import Message, MessageKind, Notifier, NotifierUnavailable, Receipt, Recipient
from models.keyring import Keyring
from models.queries.notifications import addresses
from models.session import Sessions

log = structlog.get_logger()

ATTEMPTS_PER_ROUTE = 8
"""After so many failed attempts the next route is tried. With the policy ``retries.NOTIFY`` that is after 20
minutes."""
SENDING_LASTS = 60.0
"""Seconds that one route may take."""


@dataclass(frozen=True, slots=True)
class PlanNotifications:
    """``at`` is the time of the workflow."""

    receiver_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliverMessage:
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """``channel`` None: not sent, because the receiver must not be notified now, or nothing is relevant any more."""

    channel: str | None


class NotificationActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def plan_voice(self, given: PlanNotifications) -> DeliveryPlan:
        """Takes the receiver's notices out of the outbox and plans when to act on them."""
        async with transaction(self._sessions) as session:
            return await planning.plan(session, given.receiver_id, given.at)

    @activity.defn
    async def compose_message(self, given: PlanNotifications) -> str | None:
        """The id of the message to send now; None if there is none."""
        async with transaction(self._sessions) as session:
            return await planning.compose(session, given.receiver_id, given.at)

    @activity.defn
    async def deliver_message(self, given: DeliverMessage) -> DeliveryResult:
        """Reads everything again, then tries one route after another. The inbox has the notices in any case."""
        now = given.at + _elapsed()
        async with transaction(self._sessions) as session:
            prepared = await delivery.prepare_message(session, given.message_id, now)
            if prepared is None or not prepared.may_send:
                return DeliveryResult(None)
            kinds = people_kinds()
            routes = await delivery.list_routes(session, prepared, kinds, now)
            has_route = bool(prepared.receiver.team) or await addresses.has_connection(session, kinds)
        zone = prepared.receiver.settings.calendar.zone
        message = MessageWriter(self._base_url, self._token(prepared), zone, now).write(prepared)
        failed: list[str] = []
        for place, route in enumerate(routes):
            may_retry = activity.info().attempt < ATTEMPTS_PER_ROUTE * (place + 1)
            sent = await self._try(prepared, message, route, now, failed, may_retry=may_retry)
            if sent is not None:
                await self._record(prepared, message, route, sent, now)
                return DeliveryResult(route.integration.kind)
        person = prepared.receiver.person
        is_inbox_only = person is not None and person.preferred_channel == "inbox"
        async with transaction(self._sessions) as session:
            known = await delivery.list_refusals(session, person.id, now) if person else []
            why = "; ".join(failed or known) or "no connection has an address for this person"
            unreachable = why if has_route and not is_inbox_only else None
            await delivery.record_sent(
                session, message.id, now, integration=None, address=None, external_id=None, unreachable=unreachable
            )
        log.info("message left in the inbox", message_id=message.id, to=prepared.receiver.id, why=unreachable)
        return DeliveryResult("inbox")

    async def _record(
        self, prepared: PreparedMessage, message: Message, route: Route, sent: "_Sent", now: datetime
    ) -> None:
        team_id = prepared.receiver.team.id if prepared.receiver.team else None
        async with transaction(self._sessions) as session:
            await delivery.record_sent(
                session,
                prepared.message.id,
                now,
                integration=route.integration,
                address=sent.address,
                external_id=sent.receipt.external_id,
                unreachable=None,
                thread=sent.receipt.thread,
                subject=message.shared_subject,
            )
            await record_recovery(session, route.integration.id, now, team_id=team_id)
        log.info(
            "message sent", message_id=prepared.message.id, to=prepared.receiver.id, channel=route.integration.kind
        )

    async def _try(
        self,
        prepared: PreparedMessage,
        message: Message,
        route: Route,
        now: datetime,
        failed: list[str],
        *,
        may_retry: bool,
    ) -> "_Sent | None":
        """None if this route does not work, and then adds the reason to ``failed``. Raises to be retried."""
        kind, person, team = route.integration.kind, prepared.receiver.person, prepared.receiver.team
        try:
            return await beating(self._send(prepared, message, route))
        except NotifierUnavailable as error:
            if may_retry:
                delay = timedelta(seconds=error.retry_after) if error.retry_after is not None else None
                raise ApplicationError(str(error), type="NotifierUnavailable", next_retry_delay=delay) from None
            failed.append(str(error))
        except AddressGone as refusal:
            failed.append(str(refusal))
            if person is not None:
                gone = route.address or str(refusal.facts.get("address", ""))
                async with transaction(self._sessions) as session:
                    await addresses.upsert_address(
                        session, route.integration.id, person.id, gone, now, refused=str(refusal)
                    )
            else:
                await self._report_trouble(route, str(refusal), now, team.id if team else None)
        except CredentialsLocked as locked:
            if may_retry:
                raise as_failure(locked) from None
            failed.append(f"{kind}: {locked}")
        except DomainError as refusal:
            failed.append(str(refusal))
            is_channel = refusal.code == "ChannelArchived" and team is not None
            await self._report_trouble(route, str(refusal), now, team.id if team and is_channel else None)
        return None

    async def _send(self, prepared: PreparedMessage, message: Message, route: Route) -> "_Sent":
        connection = route.integration
        secrets: Mapping[str, object] = self._keyring.open(connection.secrets)
        person, team = prepared.receiver.person, prepared.receiver.team
        thread = await self._thread(message, route) if team else None
        try:
            async with (
                asyncio.timeout(SENDING_LASTS),
                registry.connect_notifier(
                    connection.kind, connection.config, secrets, connection.kept_host
                ) as notifier,
            ):
                address = route.address if route.address is not None else await self._address(notifier, prepared, route)
                person_id, team_id = person.id if person else None, team.id if team else None
                to = Recipient(address, prepared.receiver.name, person_id, team_id, thread)
                return _Sent(address, await notifier.send(message, to))
        except TimeoutError:
            raise NotifierUnavailable(route.integration.kind, f"no answer within {SENDING_LASTS:.0f} s") from None

    async def _thread(self, message: Message, route: Route) -> str | None:
        """The message in the team's channel to reply to, if this one is about a single postmortem."""
        if len(message.threads) != 1 or message.kind is MessageKind.REPORT:
            return None
        async with transaction(self._sessions) as session:
            return await addresses.find_thread(session, route.integration.id, route.address, message.threads[0])

    async def _address(self, notifier: Notifier, prepared: PreparedMessage, route: Route) -> str:
        person = prepared.receiver.person
        address = await notifier.find_address(person.email) if person else None
        if person is None or address is None:
            known = person.email if person else ""
            raise AddressGone(channel=notifier.label, address=known, detail="no one there has this e-mail address.")
        async with transaction(self._sessions) as session:
            await addresses.upsert_address(
                session, route.integration.id, person.id, address, prepared.message.created_at
            )
        return address

    async def _report_trouble(self, route: Route, why: str, now: datetime, team_id: str | None) -> None:
        async with transaction(self._sessions) as session:
            await record_trouble(session, route.integration.id, why, now, team_id=team_id)

    def _token(self, prepared: PreparedMessage) -> str | None:
        return self._keyring.sign("unsubscribe", prepared.receiver.id) if prepared.receiver.person else None


@dataclass(frozen=True, slots=True)
class _Sent:
    address: str
    receipt: Receipt


def people_kinds() -> list[str]:
    """Kinds of connections that reach a person, in the order in which they are tried."""
    found = [(registry.notifier(kind), kind) for kind in registry.notifier_kinds()]
    return [kind for _, kind in sorted((one.rank, kind) for one, kind in found if one.reaches_people)]


def _elapsed() -> timedelta:
    """The time since the activity was scheduled. Attempts may go on for hours, and the workflow's clock may differ from
    the clock of this machine."""
    info = activity.info()
    return max(info.started_time - info.scheduled_time, timedelta(0))

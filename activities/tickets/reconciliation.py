"""Reconciling a connection: keep our webhook at the vendor, read tickets in pages, merge those that have changed.

Vendors lose webhooks (GitHub never resends one by itself, Asana sends each at most once): a ticket that changed without
a webhook counts as a lost one. A ticket that is missing from a page is not taken for deleted: it is fetched by itself,
a few for each page; if a page comes back empty, fetching one is enough to show that the list is wrong.
"""

import secrets as random_secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.refusals import transaction
from activities.tickets import merging
from activities.tickets.conversation import Conversation
from application.action_items.tickets import needs_push
from application.connections.registrations import read_registration, registration_json
from application.connections.secrets import add_webhook_secret, webhook_secrets
from application.notifications.connection_trouble import record_recovery, record_trouble
from domain.action_items.action_item import LinkState
from domain.errors import CredentialsRejected, DomainError, TicketForbidden, TicketGone
from domain.tickets.links import may_write_to
from domain.tickets.merge import is_as_agreed
from domain.tickets.stored_values import AgreedValues
from integrations.ticket import Ticket, TicketRef
from integrations.tracker import Registration, Tracker, TrackerUnavailable
from models.action_item import ActionItem
from models.action_item import Ticket as TicketRow
from models.integration import Integration
from models.keyring import Keyring
from models.queries import action_items
from models.queries.connections import registrations
from models.queries.connections.connections import get_integration, is_in_use
from models.queries.connections.sync_log import insert_attempt
from models.queries.tickets import tickets
from models.session import Sessions

log = structlog.get_logger()

ABSENT_LIMIT = 10
"""How many tickets of one page are fetched by themselves."""
REGISTERING = timedelta(minutes=2)
NO_NEWS = frozenset({"stale", "unchanged"})


@dataclass(frozen=True, slots=True)
class ReadPage:
    """The page after the ticket with the id ``after``; empty is the first."""

    integration_id: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class PageRead:
    """``after`` None: this was the last page. ``calls`` counts requests to the vendor."""

    after: str | None
    read: int = 0
    healed: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Reconciled:
    integration_id: str
    read: int
    healed: int
    calls: int
    at: datetime


@dataclass(frozen=True, slots=True)
class LinkedTicket:
    """What reconciliation compares. ``needs_push``: our own side is still to be written."""

    id: str
    action_item_id: str
    external_id: str
    key: str
    link_state: str
    checked_at: datetime | None
    agreed: AgreedValues
    needs_push: bool


class ReconciliationActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def keep_webhook(self, integration_id: str) -> None:
        """Our webhook is at the vendor and does not expire soon. What the vendor refuses is in the sync log, and
        hinders nothing else: reconciliation goes on without."""
        integration = await self._find_enabled(integration_id)
        if integration is None:
            return
        integration.account = None  # other credentials may be another account's
        conversation = Conversation(integration, self._keyring, introduced=True)
        secret = await self._secret_for(integration, conversation)
        if secret is None:
            return
        url = f"{self._base_url}/api/webhooks/{integration.kind}/{integration.id}"
        current = read_registration(integration.registration)
        settled: dict[str, JsonValue] = {}

        def keep(tracker: Tracker) -> Registration:
            settled.update(tracker.settled_config())
            return tracker.register_webhook(url, secret, current)

        try:
            made = await conversation.ask(keep)
        except TrackerUnavailable as stumble:
            raise _later(stumble) from None
        except DomainError as refusal:
            await self._record_refusal(integration_id, conversation, "webhook", refusal)
            return
        async with transaction(self._sessions) as session:
            if conversation.account is not None:
                await registrations.update_account(session, integration_id, conversation.account)
            await registrations.update_registration(session, integration_id, registration_json(made))
            await registrations.update_config(session, integration_id, settled)
            await registrations.update_verified_at(session, integration_id, datetime.now(UTC))
            if current is None or current.id != made.id:
                insert_attempt(session, integration_id, "OUT", "webhook", "ok", request_id=conversation.request_id)

    async def _secret_for(self, integration: Integration, conversation: Conversation) -> str | None:
        """What the webhook is signed with, made where there is none; None for a tracker that knows no secret. Where the
        vendor chooses, its handshake leaves one, and none of ours is ever believed."""
        if "webhook_secret" not in conversation.tracker.Secrets.model_fields:
            return None
        chosen_there = conversation.tracker.handshake is not Tracker.handshake
        until = datetime.now(UTC) + REGISTERING
        async with transaction(self._sessions) as session:
            held = await get_integration(session, integration.id, lock=True)
            opened = self._keyring.open(held.secrets)
            known = next(iter(webhook_secrets(opened)), "")
            secret = known or ("" if chosen_there else random_secrets.token_hex(32))
            sealed = None if known or chosen_there else self._keyring.seal(add_webhook_secret(opened, secret))
            await registrations.update_handshake_deadline(session, integration.id, until, sealed)
        integration.secrets = sealed or integration.secrets
        return secret

    @activity.defn
    async def reconcile_page(self, given: ReadPage) -> PageRead:
        """Reads a page of linked tickets, and heals what differs from what both sides agreed on."""
        integration = await self._find_enabled(given.integration_id)
        if integration is None:
            return PageRead(None)
        conversation = Conversation(integration, self._keyring)
        size = conversation.tracker.page_size * conversation.tracker.reads_at_once
        async with transaction(self._sessions) as session:
            rows = await tickets.list_linked_unscoped(session, integration.id, given.after, size)
            page = [_linked_ticket(*row) for row in rows]
        if not page:
            return PageRead(None) if given.after else await self._try_once(integration, conversation)
        try:
            healed = await self._compare(integration, conversation, page)
        except TrackerUnavailable as stumble:
            raise _later(stumble) from None
        except DomainError as refusal:
            await self._record_refusal(integration.id, conversation, "reconcile", refusal)
            return PageRead(None, calls=conversation.calls)
        last = page[-1].id if len(page) == size else None
        return PageRead(last, len(page), healed, conversation.calls)

    async def _try_once(self, integration: Integration, conversation: Conversation) -> PageRead:
        """A connection in trouble without linked tickets would stay in trouble for ever: one request tells."""
        if integration.needs_attention is None:
            return PageRead(None)
        try:
            await conversation.ask(lambda tracker: tracker.own_account())
            async with transaction(self._sessions) as session:
                await record_recovery(session, integration.id, datetime.now(UTC))
        except TrackerUnavailable as stumble:
            raise _later(stumble) from None
        except DomainError as refusal:
            await self._record_refusal(integration.id, conversation, "reconcile", refusal)
        return PageRead(None, calls=conversation.calls)

    async def _compare(self, integration: Integration, conversation: Conversation, page: Sequence[LinkedTicket]) -> int:
        refs = [TicketRef(one.external_id, one.key) for one in page]
        found = {one.external_id: one for one in await conversation.ask(lambda tracker: list(tracker.read_many(refs)))}
        healed = 0
        for link in page:
            ticket = found.get(link.external_id)
            if ticket is not None and _drifted(link, ticket):
                healed += await self._heal(integration, conversation, link, ticket)
        absent = [one for one in page if one.external_id not in found and may_write_to(one.link_state)]
        healed += await self._ask_for_absent(integration, conversation, absent, suspicious=not found and len(page) > 1)
        due = [one.action_item_id for one in page if one.needs_push]
        async with transaction(self._sessions) as session:
            if due:
                await action_items.put_into_outbox(session, due)
            if healed:
                await registrations.add_healed(session, integration.id, healed)
            if conversation.calls:
                await record_recovery(session, integration.id, datetime.now(UTC))
        return healed

    async def _heal(
        self, integration: Integration, conversation: Conversation, link: LinkedTicket, ticket: Ticket
    ) -> int:
        now = datetime.now(UTC)
        async with transaction(self._sessions) as session:
            held = await tickets.find_ticket_work_unscoped(session, link.id, lock=True)
            if held is None or not await is_in_use(session, integration.id):  # paused since the page was begun
                return 0
            result = await merging.apply_ticket_state(session, held, ticket, conversation.tracker, now)
            if result in NO_NEWS:
                return 0
            insert_attempt(
                session,
                integration.id,
                "IN",
                "reconcile",
                "healed",
                detail=result,
                action_item_id=link.action_item_id,
                request_id=conversation.request_id,
            )
            await session.flush()
            await action_items.put_into_outbox(session, [link.action_item_id])
        log.info("drift healed", integration_id=integration.id, action_item_id=link.action_item_id, result=result)
        return 1

    async def _ask_for_absent(
        self, integration: Integration, conversation: Conversation, absent: Sequence[LinkedTicket], *, suspicious: bool
    ) -> int:
        """Those that were fetched longest ago come first, so that each has its turn."""
        early = datetime.min.replace(tzinfo=UTC)
        turn = sorted(absent, key=lambda one: one.checked_at or early)[:ABSENT_LIMIT]
        healed = 0
        for link in turn:
            ref = TicketRef(link.external_id, link.key)
            now = datetime.now(UTC)
            try:
                ticket = await conversation.ask(lambda tracker: tracker.fetch(ref))  # noqa: B023 - called in this turn
            except (TicketGone, TicketForbidden) as dead:
                await self._mark_dead(integration, conversation, link, dead, now)
                healed += 1
                continue
            async with transaction(self._sessions) as session:
                await tickets.update_checked_at(session, link.id, now)
                if suspicious:
                    detail = "The tracker returned an empty page for tickets that exist."
                    insert_attempt(session, integration.id, "IN", "reconcile", "suspicious", detail=detail)
            if ticket.external_id != link.external_id or _drifted(link, ticket):
                healed += await self._heal(integration, conversation, link, ticket)
            if suspicious:
                break
        return healed

    async def _mark_dead(
        self,
        integration: Integration,
        conversation: Conversation,
        link: LinkedTicket,
        why: TicketGone | TicketForbidden,
        now: datetime,
    ) -> None:
        state = LinkState.DELETED if isinstance(why, TicketGone) else LinkState.FORBIDDEN
        async with transaction(self._sessions) as session:
            held = await tickets.find_ticket_work_unscoped(session, link.id, lock=True)
            if held is None:
                return
            await merging.mark_dead(session, held, state, str(why), now)
            insert_attempt(
                session,
                integration.id,
                "IN",
                "reconcile",
                f"ticket {state.value}",
                detail=str(why),
                action_item_id=link.action_item_id,
                request_id=conversation.request_id,
            )

    @activity.defn
    async def finish_reconciliation(self, given: Reconciled) -> None:
        """All tickets were read."""
        async with transaction(self._sessions) as session:
            await registrations.update_last_reconciled_at(session, given.integration_id, given.at)
            words = f"{given.read} read, {given.healed} fixed, {given.calls} calls"
            insert_attempt(session, given.integration_id, "IN", "reconcile", "ok", detail=words)
        log.info("reconciled", integration_id=given.integration_id, read=given.read, healed=given.healed)

    async def _find_enabled(self, integration_id: str) -> Integration | None:
        """None if the connection is paused or disconnected. One in trouble is tried: it may have recovered."""
        async with transaction(self._sessions) as session:
            integration = await get_integration(session, integration_id)
        return integration if integration.is_enabled and integration.disconnected_at is None else None

    async def _record_refusal(
        self, integration_id: str, conversation: Conversation, operation: str, refusal: DomainError
    ) -> None:
        async with transaction(self._sessions) as session:
            await registrations.update_handshake_deadline(session, integration_id, None)
            insert_attempt(
                session,
                integration_id,
                "OUT",
                operation,
                "refused",
                detail=str(refusal),
                request_id=conversation.request_id,
            )
            await session.flush()
            if isinstance(refusal, CredentialsRejected):
                await record_trouble(session, integration_id, str(refusal), datetime.now(UTC))


def _drifted(link: LinkedTicket, ticket: Ticket) -> bool:
    if not may_write_to(link.link_state) or ticket.key != link.key:
        return True
    return not is_as_agreed(link.agreed.fields, merging.values_of(ticket))


def _linked_ticket(ticket: TicketRow, item: ActionItem, account: str | None) -> LinkedTicket:
    return LinkedTicket(
        ticket.id,
        ticket.action_item_id,
        ticket.external_id or "",
        ticket.key or "",
        ticket.link_state,
        ticket.checked_at,
        AgreedValues.read(ticket.base),
        needs_push(ticket, item, account),
    )


def _later(stumble: TrackerUnavailable) -> ApplicationError:
    delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
    return ApplicationError(str(stumble), type="TrackerUnavailable", next_retry_delay=delay)

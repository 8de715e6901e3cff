"""What reconciliation does: our webhook kept in place, tickets read in pages, what drifted healed by the same merge.

Vendors lose webhooks (GitHub never sends one again by itself, Asana sends at most once): a ticket that changed without
our hearing of it counts as one that was lost. A ticket that a page does not show is not said to be gone: it is asked
for by itself, few to a page, and where a page shows nothing at all, one is enough to tell a lying list.
"""

import secrets as dice
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.refusals import transaction
from activities.tickets import merging
from activities.tickets.sync import bring, note_dead
from activities.tickets.vendor import Conversation
from domain.action_items.action_item import LinkState
from domain.errors import CredentialsLocked, CredentialsRejected, DomainError, TicketForbidden, TicketGone
from integrations.ticket import Ticket, TicketRef
from integrations.tracker import Registration, Tracker, TrackerUnavailable
from models.integration import Integration
from models.keyring import Keyring
from models.queries.connections import connections
from models.queries.tickets import tickets
from models.queries.tickets.tickets import Linked
from models.session import Sessions

log = structlog.get_logger()

ABSENT_LIMIT = 10
"""How many tickets of one page are asked for by themselves."""
REGISTERING = timedelta(minutes=2)
NO_NEWS = frozenset({"stale", "unchanged"})


@dataclass(frozen=True, slots=True)
class ReadPage:
    """The page after the ticket with the id ``after``; empty is the first."""

    integration_id: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class PageRead:
    """``after`` None: that was the last. ``calls`` is what the vendor was asked."""

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


class ReconciliationActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def keep_webhook(self, integration_id: str) -> None:
        """Our webhook is at the vendor and does not expire soon. What the vendor refuses is in the sync log, and
        hinders nothing else: reconciliation goes on without."""
        integration = await self._open(integration_id)
        if integration is None:
            return
        integration.account = None  # other credentials may be another account's
        talk = Conversation(integration, self._keyring, introduced=True)
        secret = await self._secret_for(integration, talk)
        if secret is None:
            return
        url = f"{self._base_url}/api/webhooks/{integration.kind}/{integration.id}"
        current = _registered(integration.registration)
        try:
            made = await talk.ask(lambda tracker: tracker.register_webhook(url, secret, current))
        except TrackerUnavailable as stumble:
            raise _later(stumble) from None
        except DomainError as refusal:
            await self._note_refusal(integration_id, talk, "webhook", refusal)
            return
        expires = made.expires_at.isoformat() if made.expires_at else None
        async with transaction(self._sessions) as session:
            if talk.account is not None:
                await tickets.keep_account(session, integration_id, talk.account)
            await tickets.keep_registration(session, integration_id, {"id": made.id, "expiresAt": expires})
            if current is None or current.id != made.id:
                connections.log_attempt(session, integration_id, "OUT", "webhook", "ok", request_id=talk.request_id)

    async def _secret_for(self, integration: Integration, talk: Conversation) -> str | None:
        """What the webhook is signed with, made where there is none; None for a tracker that knows no secret. Where the
        vendor chooses, its handshake leaves one, and none of ours is ever believed."""
        if "webhook_secret" not in talk.tracker.Secrets.model_fields:
            return None
        chosen_there = talk.tracker.handshake is not Tracker.handshake
        until = datetime.now(UTC) + REGISTERING
        async with transaction(self._sessions) as session:
            held = await connections.get_integration(session, integration.id, lock=True)
            opened = self._keyring.open(held.secrets)
            known = str(opened.get("webhookSecret") or "").partition(",")[0].strip()
            secret = known or ("" if chosen_there else dice.token_hex(32))
            sealed = None if known or chosen_there else self._keyring.seal({**opened, "webhookSecret": secret})
            await tickets.open_registration(session, integration.id, until, sealed)
        integration.secrets = sealed or integration.secrets
        return secret

    @activity.defn
    async def reconcile_page(self, given: ReadPage) -> PageRead:
        """Reads a page of linked tickets, and heals what differs from what both sides agreed on."""
        integration = await self._open(given.integration_id)
        if integration is None:
            return PageRead(None)
        talk = Conversation(integration, self._keyring)
        size = talk.tracker.page_size * talk.tracker.reads_at_once
        async with transaction(self._sessions) as session:
            page = await tickets.list_linked_unscoped(session, integration.id, given.after, size)
        if not page:
            return PageRead(None)
        try:
            healed = await self._compare(integration, talk, page)
        except TrackerUnavailable as stumble:
            raise _later(stumble) from None
        except DomainError as refusal:
            await self._note_refusal(integration.id, talk, "reconcile", refusal)
            return PageRead(None, calls=talk.calls)
        last = page[-1].id if len(page) == size else None
        return PageRead(last, len(page), healed, talk.calls)

    async def _compare(self, integration: Integration, talk: Conversation, page: Sequence[Linked]) -> int:
        refs = [TicketRef(one.external_id, one.key) for one in page]
        found = {one.external_id: one for one in await talk.ask(lambda tracker: list(tracker.read_many(refs)))}
        healed = 0
        for link in page:
            ticket = found.get(link.external_id)
            if ticket is not None and _drifted(link, ticket):
                healed += await self._heal(integration, talk, link, ticket)
        absent = [one for one in page if one.external_id not in found and one.link_state in tickets.ALIVE]
        healed += await self._ask_for_absent(integration, talk, absent, suspicious=not found and len(page) > 1)
        due = [one.action_item_id for one in page if one.is_due]
        async with transaction(self._sessions) as session:
            if due:
                await tickets.tell_items(session, due)
            if healed:
                await tickets.count_healed(session, integration.id, healed)
        return healed

    async def _heal(self, integration: Integration, talk: Conversation, link: Linked, ticket: Ticket) -> int:
        now = datetime.now(UTC)
        async with transaction(self._sessions) as session:
            held = await tickets.get_ticket_work_unscoped(session, link.id, lock=True)
            if held is None:
                return 0
            words = await bring(session, held, ticket, talk.tracker, now)
            if words in NO_NEWS:
                return 0
            connections.log_attempt(
                session,
                integration.id,
                "IN",
                "reconcile",
                "healed",
                detail=words,
                action_item_id=link.action_item_id,
                request_id=talk.request_id,
            )
            await session.flush()
            await tickets.tell_items(session, [link.action_item_id])
        log.info("drift healed", integration_id=integration.id, action_item_id=link.action_item_id, result=words)
        return 1

    async def _ask_for_absent(
        self, integration: Integration, talk: Conversation, absent: Sequence[Linked], *, suspicious: bool
    ) -> int:
        """Those that were asked for longest ago come first, so that each has its turn."""
        early = datetime.min.replace(tzinfo=UTC)
        turn = sorted(absent, key=lambda one: one.checked_at or early)[:ABSENT_LIMIT]
        healed = 0
        for link in turn:
            ref = TicketRef(link.external_id, link.key)
            now = datetime.now(UTC)
            try:
                ticket = await talk.ask(lambda tracker: tracker.fetch(ref))  # noqa: B023 - called in this turn
            except (TicketGone, TicketForbidden) as dead:
                await self._note_dead(integration, talk, link, dead, now)
                healed += 1
                continue
            async with transaction(self._sessions) as session:
                await tickets.note_checked(session, link.id, now)
                if suspicious:
                    detail = "A page of tickets came back empty, and they are there."
                    connections.log_attempt(session, integration.id, "IN", "reconcile", "suspicious", detail=detail)
            if ticket.external_id != link.external_id or _drifted(link, ticket):
                healed += await self._heal(integration, talk, link, ticket)
            if suspicious:
                break
        return healed

    async def _note_dead(
        self,
        integration: Integration,
        talk: Conversation,
        link: Linked,
        why: TicketGone | TicketForbidden,
        now: datetime,
    ) -> None:
        state = LinkState.DELETED if isinstance(why, TicketGone) else LinkState.FORBIDDEN
        async with transaction(self._sessions) as session:
            held = await tickets.get_ticket_work_unscoped(session, link.id, lock=True)
            if held is None:
                return
            await note_dead(session, held, state, str(why), now)
            connections.log_attempt(
                session,
                integration.id,
                "IN",
                "reconcile",
                f"ticket {state.value}",
                detail=str(why),
                action_item_id=link.action_item_id,
                request_id=talk.request_id,
            )

    @activity.defn
    async def finish_reconciliation(self, given: Reconciled) -> None:
        """All tickets were read: the connection is well."""
        async with transaction(self._sessions) as session:
            await tickets.note_reconciled(session, given.integration_id, given.at)
            words = f"{given.read} read, {given.healed} healed, {given.calls} calls"
            connections.log_attempt(session, given.integration_id, "IN", "reconcile", "ok", detail=words)
            await session.flush()
            if given.calls:
                await connections.note_recovery(session, given.integration_id, given.at)
        log.info("reconciled", integration_id=given.integration_id, read=given.read, healed=given.healed)

    async def _open(self, integration_id: str) -> Integration | None:
        """None where the connection is paused or was given up. One in trouble is asked: it may be well again."""
        async with transaction(self._sessions) as session:
            integration = await connections.get_integration(session, integration_id)
        return integration if integration.is_enabled and integration.disconnected_at is None else None

    async def _note_refusal(
        self, integration_id: str, talk: Conversation, operation: str, refusal: DomainError
    ) -> None:
        async with transaction(self._sessions) as session:
            await tickets.open_registration(session, integration_id, None)
            connections.log_attempt(
                session, integration_id, "OUT", operation, "refused", detail=str(refusal), request_id=talk.request_id
            )
            await session.flush()
            if isinstance(refusal, CredentialsRejected | CredentialsLocked):
                await connections.note_trouble(session, integration_id, str(refusal), datetime.now(UTC))


def _drifted(link: Linked, ticket: Ticket) -> bool:
    if link.link_state not in tickets.ALIVE or ticket.key != link.key:
        return True
    return not merging.says_the_same(link.base, ticket)


def _registered(kept: Mapping[str, str] | None) -> Registration | None:
    if not kept:
        return None
    expires = kept.get("expiresAt")
    return Registration(kept["id"], datetime.fromisoformat(expires) if expires else None)


def _later(stumble: TrackerUnavailable) -> ApplicationError:
    delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
    return ApplicationError(str(stumble), type="TrackerUnavailable", next_retry_delay=delay)

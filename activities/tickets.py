"""What goes out to a tracker, and what a tracker's webhook does here. Each may run twice.

A vendor is spoken to between two transactions, on a thread: the first one reads what to say and opens the
credentials, the second one writes down what the vendor answered.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import beating
from activities.refusals import transaction
from domain.action_items import ActionItemStatus, LinkState
from domain.errors import (
    CredentialsRejected,
    DomainError,
    MalformedWebhook,
    TicketExists,
    TicketForbidden,
    TicketGone,
)
from domain.snapshots import ActionItemSnapshot
from domain.tickets import CloseReason, Standing, TicketState, follow
from integrations import shelf
from integrations.tracker import (
    Ticket,
    TicketAction,
    TicketChange,
    TicketDraft,
    TicketEvent,
    TicketRef,
    Tracker,
    TrackerUnavailable,
)
from models.integration import WebhookDelivery
from models.queries import action_items, integrations
from models.queries.action_items import TicketWork
from models.session import Session, Sessions
from models.vault import Vault

log = structlog.get_logger()

CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PushTicket:
    action_item_id: str
    ticket_id: str


@dataclass(frozen=True, slots=True)
class ApplyDelivery:
    """``delivery`` is the row's number in ``webhook_delivery``."""

    action_item_id: str
    delivery: int
    at: datetime


class TicketActivities:
    def __init__(self, sessions: Sessions, vault: Vault, base_url: str) -> None:
        self._sessions = sessions
        self._vault = vault
        self._base_url = base_url

    @activity.defn
    async def push_ticket(self, given: PushTicket) -> ActionItemSnapshot:
        """Makes the ticket say what the item says: finds it or makes it, then writes what differs.

        A refusal is written on the link and is an answer; a stumble is raised, to be tried again after the time that
        the vendor asked for.
        """
        async with transaction(self._sessions) as session:
            work = await action_items.get_ticket_work_unscoped(session, given.ticket_id)
        if work is not None:
            await self._push(work)
        async with transaction(self._sessions) as session:
            return await action_items.snapshot(session, given.action_item_id)

    async def _push(self, work: TicketWork) -> None:
        operation = "update" if work.ticket.external_id else "link" if work.ticket.pointer else "create"
        wanted = action_items.wanted_of(work.item)
        try:
            if operation == "create" and activity.info().attempt > 1:
                await asyncio.sleep(shelf.tracker(work.integration.kind).lookup_lag)
            ticket = await beating(asyncio.to_thread(self._write, work, wanted))
        except TrackerUnavailable as stumble:
            async with transaction(self._sessions) as session:
                _log_out(session, work, operation, "retry", str(stumble))
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="TrackerUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            await self._note_refusal(work, operation, refusal)
            return
        try:
            await self._note_success(work, operation, ticket, wanted)
        except DomainError as refusal:
            await self._note_refusal(work, operation, refusal)

    async def _note_success(self, work: TicketWork, operation: str, ticket: Ticket, wanted: Mapping[str, Any]) -> None:
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await action_items.get_ticket_work_unscoped(session, work.ticket.id, lock=True)
            if held is None:
                return
            other = await action_items.find_ticket_unscoped(session, work.integration.id, ticket.external_id)
            if other is not None and other.id != held.ticket.id:
                raise TicketExists(key=f"{ticket.key} (action item {other.action_item_id})")
            _log_out(session, work, operation, "ok", ticket.key)
            _record(held, ticket, now)
            held.ticket.pushed = dict(wanted)
            if operation == "link":
                await _follow(session, held, ticket, None, shelf.tracker(work.integration.kind), now)
                held.ticket.pushed = action_items.wanted_of(held.item)

    def _write(self, work: TicketWork, wanted: Mapping[str, Any]) -> Ticket:
        """On a thread. The credentials live no longer than this call. A linked ticket's words are left alone."""
        integration = work.integration
        with shelf.connect(integration.kind, integration.config, self._vault.open(integration.secrets)) as tracker:
            if work.ticket.pointer and work.ticket.external_id is None:
                return tracker.resolve(work.ticket.pointer)
            change = TicketChange(
                title=wanted["title"],
                body=self._body(work),
                state=TicketState(wanted["state"]),
                reason=CloseReason(wanted["reason"]) if wanted["reason"] else None,
            )
            return tracker.update(self._found(tracker, work, change), change)

    def _found(self, tracker: Tracker, work: TicketWork, change: TicketChange) -> TicketRef:
        """Our own record, else what carries our marker, else a new one."""
        if work.ticket.external_id and work.ticket.key:
            return TicketRef(work.ticket.external_id, work.ticket.key)
        marker = work.ticket.id
        found = tracker.find(marker, since=work.ticket.created_at - CLOCK_SKEW)
        if found is None:
            found = tracker.create(TicketDraft(marker=marker, title=change.title or "", body=change.body or ""))
        return found.ref

    def _body(self, work: TicketWork) -> str:
        link = f"{self._base_url}/postmortems/{work.item.postmortem_id}"
        due = f" Due {work.item.due_on.isoformat()}." if work.item.due_on else ""
        footer = f"Action item of a [postmortem]({link}).{due} Priority {work.item.priority}."
        return f"{work.item.details}\n\n---\n{footer}" if work.item.details else footer

    async def _note_refusal(self, work: TicketWork, operation: str, refusal: DomainError) -> None:
        state = LinkState.REFUSED
        if isinstance(refusal, TicketGone):
            state = LinkState.DELETED
        elif isinstance(refusal, TicketForbidden):
            state = LinkState.FORBIDDEN
        async with transaction(self._sessions) as session:
            held = await action_items.get_ticket_work_unscoped(session, work.ticket.id, lock=True)
            _log_out(session, work, operation, "refused", str(refusal))
            if held is None:
                return
            held.ticket.link_state = state.value
            held.ticket.detail = str(refusal)[:1000]
            if isinstance(refusal, CredentialsRejected):
                held.integration.needs_attention = str(refusal)[:1000]

    @activity.defn
    async def apply_delivery(self, given: ApplyDelivery) -> ActionItemSnapshot:
        """Lets the item follow its ticket, once for each delivery; news older than what was applied is dropped."""
        async with transaction(self._sessions) as session:
            await action_items.get_item_unscoped(session, given.action_item_id)
            delivery = await integrations.lock_delivery_unscoped(session, given.delivery)
            if delivery is not None and delivery.integration_id is not None:
                integration = await integrations.get_integration(session, delivery.integration_id)
                secrets = self._vault.open(integration.secrets)
                with shelf.connect(integration.kind, integration.config, secrets) as tracker:
                    event = _told_by(tracker, delivery)
                    result = await _apply(session, event, delivery.integration_id, tracker, given.at)
                await integrations.settle_delivery(session, delivery.id, result, given.at)
                integrations.log_attempt(
                    session,
                    delivery.integration_id,
                    "IN",
                    f"webhook {event.action.value.lower()}" if event else "webhook",
                    result,
                    action_item_id=given.action_item_id,
                    delivery_id=delivery.delivery_id,
                )
                log.info(
                    "webhook applied",
                    action_item_id=given.action_item_id,
                    delivery_id=delivery.delivery_id,
                    result=result,
                )
        async with transaction(self._sessions) as session:
            return await action_items.snapshot(session, given.action_item_id)


def _told_by(tracker: Tracker, delivery: WebhookDelivery) -> TicketEvent | None:
    try:
        news = tracker.parse_webhook(delivery.headers, delivery.body)
    except MalformedWebhook:
        return None
    return next((one for one in news if isinstance(one, TicketEvent)), None)


async def _apply(
    session: Session, event: TicketEvent | None, integration_id: str, tracker: Tracker, now: datetime
) -> str:
    """Writes what the event changes; the words for the sync log."""
    if event is None or event.ticket is None:
        return "ignored"
    ours = await action_items.find_ticket_unscoped(session, integration_id, event.ticket.external_id)
    held = await action_items.get_ticket_work_unscoped(session, ours.id, lock=True) if ours else None
    if held is None:
        return "unlinked"
    if held.ticket.seen_at is not None and event.ticket.updated_at < held.ticket.seen_at:
        return "stale"
    if event.action is TicketAction.DELETED:
        held.ticket.link_state = LinkState.DELETED.value
        return "ticket deleted"
    agreed = action_items.agreed_of(held.ticket)
    _record(held, event.ticket, now)
    before = held.item.status
    moved = await _follow(session, held, event.ticket, agreed, type(tracker), now)
    if held.ticket.pushed is not None and (agreed is None or agreed.state is not event.ticket.state):
        held.ticket.pushed = held.ticket.pushed | _standing(action_items.wanted_of(held.item))
    return f"{before} to {held.item.status}" if moved else "unchanged"


async def _follow(
    session: Session,
    held: TicketWork,
    ticket: Ticket,
    agreed: Standing | None,
    tracker: type[Tracker],
    now: datetime,
) -> bool:
    """The item does as its ticket did since both last agreed. False where there is nothing to do."""
    verdict = follow(
        ActionItemStatus(held.item.status),
        ticket.standing,
        agreed,
        tracker=tracker.label,
        knows_started=tracker.knows_started,
    )
    if verdict is None:
        return False
    changes: dict[str, Any] = {"status": verdict.status.value}
    if verdict.justification:
        changes["justification"] = verdict.justification
    await action_items.follow_ticket(session, held, changes, now)
    return True


def _record(held: TicketWork, ticket: Ticket, now: datetime) -> None:
    """What the tracker says of the ticket, on our link to it."""
    link = held.ticket
    link.external_id, link.key, link.url = ticket.external_id, ticket.key, ticket.url
    link.status, link.assignee = ticket.status, ticket.assignee
    link.link_state, link.detail = LinkState.OK.value, None
    link.seen_at = max(link.seen_at, ticket.updated_at) if link.seen_at else ticket.updated_at
    link.last_synced_at = now


def _standing(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Both sides agree now, in our words: the tracker may have a finer reason, or no word for "started"."""
    return {"state": wanted["state"], "reason": wanted["reason"]}


def _log_out(session: Session, work: TicketWork, operation: str, result: str, detail: str) -> None:
    integrations.log_attempt(
        session, work.integration.id, "OUT", operation, result, detail=detail, action_item_id=work.item.id
    )

"""What goes out to a tracker, and what a tracker's webhook does here. Each may run twice.

A vendor is spoken to between transactions. :meth:`TicketActivities.push_ticket` is one look at one ticket, and what
follows from it: fetch it (or make it), merge, write what is ours to write, note what the vendor answered. One runs at
a time for each ticket, so that nothing of ours is on its way while both sides are compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.refusals import transaction
from activities.tickets import merging
from activities.tickets.vendor import Conversation
from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.errors import (
    CredentialsLocked,
    CredentialsRejected,
    DomainError,
    MalformedWebhook,
    StatusUnreachable,
    TicketExists,
    TicketForbidden,
    TicketGone,
)
from domain.postmortems.snapshots import ActionItemSnapshot
from domain.tickets import texts
from domain.tickets.merge import Agreed
from domain.tickets.projection import TicketField
from domain.tickets.status import wanted_standing
from integrations import registry
from integrations.ticket import News, Ticket, TicketAction, TicketChange, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Tracker, TrackerUnavailable
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries import action_items, sync_state
from models.queries.connections import connections
from models.queries.sync_state import LastTold
from models.queries.tickets import tickets
from models.queries.tickets.tickets import TicketWork
from models.session import Session, Sessions

log = structlog.get_logger()

CLOCK_SKEW = timedelta(minutes=10)
MERGES = 5
"""How often one push merges anew, because somebody changed the ticket while it was merged."""


@dataclass(frozen=True, slots=True)
class PushTicket:
    action_item_id: str
    ticket_id: str


@dataclass(frozen=True, slots=True)
class ApplyDelivery:
    """``delivery`` is the row's number in ``webhook_delivery``; ``more`` came behind it."""

    action_item_id: str
    delivery: int
    at: datetime
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be written, and our side as it was when that was decided. ``footer`` is the text's, where the text
    is written; ``comment`` our one comment, where it has to change."""

    seen: Ticket
    change: TicketChange
    fields: frozenset[TicketField]
    ours: dict[TicketField, str | None]
    told: LastTold
    footer: str | None
    comment: str | None


class _ChangedMeanwhile(Exception):
    def __init__(self, ticket: Ticket) -> None:
        super().__init__()
        self.ticket = ticket


class TicketActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def push_ticket(self, given: PushTicket) -> ActionItemSnapshot:
        """Looks at the ticket, merges, and makes it say what the item says.

        A refusal is written on the link and is an answer; a stumble is raised, to be tried again after the time that
        the vendor asked for. Where the connection is paused or in trouble, nothing is asked: it waits.
        """
        async with transaction(self._sessions) as session:
            work = await tickets.get_ticket_work_unscoped(session, given.ticket_id)
            if work is not None and not work.may_speak:
                await tickets.put_off(session, work.ticket.id)
                work = None
        if work is not None:
            await self._push(work)
        async with transaction(self._sessions) as session:
            return await action_items.snapshot(session, given.action_item_id)

    async def _push(self, work: TicketWork) -> None:
        talk = Conversation(work.integration, self._keyring, introduced=True)
        operation = "look" if work.ticket.external_id else "link" if work.ticket.pointer else "create"
        try:
            seen = await self._seen(work, talk)
            for _ in range(MERGES):
                outgoing = await self._merged(work, talk, operation, seen)
                if outgoing is None:
                    return
                operation = "update"
                try:
                    await self._written(work, talk, outgoing)
                except _ChangedMeanwhile as change:
                    operation, seen = "look", change.ticket
                else:
                    return
            raise ApplicationError(f"{talk.tracker.label}: the ticket does not come to rest", type="TooEarly")
        except TrackerUnavailable as stumble:
            async with transaction(self._sessions) as session:
                _log_out(session, work, talk, operation, "retry", str(stumble))
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="TrackerUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            await self._note_refusal(work, talk, operation, refusal)

    # What is there

    async def _seen(self, work: TicketWork, talk: Conversation) -> Ticket:
        """The ticket as it is now: our own record of it, else what somebody pointed at, else what carries our marker,
        else a new one."""
        link = work.ticket
        if link.external_id is not None:
            ref = TicketRef(link.external_id, link.key or "")
            return await talk.ask(lambda tracker: tracker.fetch(ref))
        if link.pointer:
            pointer = link.pointer
            return await talk.ask(lambda tracker: tracker.resolve(pointer))
        if link.creating_since is not None:  # a create of ours is on record, and its answer is not
            lag = timedelta(seconds=talk.tracker.lookup_lag)
            left = link.creating_since + lag - datetime.now(UTC)
            if left > timedelta(0):  # no worker is kept waiting
                words = f"{talk.tracker.label} may not show yet what we asked it to make"
                raise ApplicationError(words, type="TooEarly", next_retry_delay=left)
        since = link.created_at - CLOCK_SKEW
        found = await talk.ask(lambda tracker: tracker.find(link.id, since=since))
        return found if found is not None else await self._made(work, talk)

    async def _made(self, work: TicketWork, talk: Conversation) -> Ticket:
        """What the draft says is on record before it is sent: where its answer is lost, what we find is compared with
        that, and what somebody changed meanwhile is told from what we wrote."""
        async with transaction(self._sessions) as session:
            held = await tickets.get_ticket_work_unscoped(session, work.ticket.id, lock=True)
            if held is None:
                raise TicketGone(tracker=talk.tracker.label, key=work.ticket.id)
            teams, services = await tickets.destination_of(session, held.item)
            footer = self._footer(held, talk.tracker)
            said = held.ours | {TicketField.STATUS: ActionItemStatus.OPEN.value}
            unseen = {name: Agreed(value, None, seen=False) for name, value in said.items()}
            sync_state.write_base(held.ticket, unseen, footer)
            held.ticket.creating_since = datetime.now(UTC)
            wanted = held.projection.destination(teams, services)
            draft = TicketDraft(
                marker=held.ticket.id,
                title=said[TicketField.TITLE] or "",
                body=texts.body_of(said[TicketField.BODY], footer),
                labels=held.projection.labels,
                assignee=held.account,
                due_on=held.item.due_on if talk.tracker.knows_due else None,
                project=wanted.project,
                issue_type=wanted.issue_type,
                fields=held.projection.fields,  # type: ignore[arg-type]
            )
        made = await talk.ask(lambda tracker: tracker.create(draft))
        async with transaction(self._sessions) as session:
            held = await tickets.get_ticket_work_unscoped(session, work.ticket.id, lock=True)
            if held is not None and held.ticket.external_id is None:
                theirs = await merging.theirs_of(session, held, made, talk.tracker)
                agreed = {name: Agreed(said[name], one.value) for name, one in theirs.items()}
                sync_state.write_base(held.ticket, agreed)
        return made

    # Both together

    async def _merged(self, work: TicketWork, talk: Conversation, operation: str, seen: Ticket) -> Outgoing | None:
        """Takes in what changed there; what is left to write."""
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await self._held(session, work, seen)
            if held is None:
                return None
            linked = held.ticket.external_id is None and held.ticket.pointer is not None
            if linked:  # its words are left alone, and its status is believed
                unseen = Agreed(held.item.status, None, seen=False)
                sync_state.write_base(held.ticket, {TicketField.STATUS: unseen})
            merging.record(held, seen, now)
            merged = await merging.take_in(session, held, seen, talk.tracker, now, decides=True)
            held.ticket.looks_done = work.ticket.looks_wanted
            held.ticket.waits = False
            outgoing = self._outgoing(held, seen, talk.tracker, merged)
            if outgoing is None:
                told = sync_state.read_told(held.ticket)
                sync_state.write_told(held.ticket, replace(told, priority=held.item.priority))
            if operation != "look" or merged.words != "unchanged":
                detail = seen.key if operation != "look" else merged.words
                _log_out(session, work, talk, operation, "ok", detail)
            await self._note_well(session, work, talk, now)
        return outgoing

    async def _held(self, session: Session, work: TicketWork, seen: Ticket) -> TicketWork | None:
        """The rows, locked; None where the link was dropped meanwhile. Raises TicketExists."""
        held = await tickets.get_ticket_work_unscoped(session, work.ticket.id, lock=True)
        if held is None:
            return None
        other = await tickets.find_ticket_unscoped(session, work.integration.id, seen.external_id)
        if other is not None and other.id != held.ticket.id:
            raise TicketExists(key=f"{seen.key} (action item {other.action_item_id})")
        return held

    def _outgoing(
        self, held: TicketWork, seen: Ticket, tracker: type[Tracker], merged: merging.Merged
    ) -> Outgoing | None:
        fields, ours = merged.out, merged.values
        footer = self._footer(held, tracker)
        kept = sync_state.read_base(held.ticket).footer
        writes_body = TicketField.BODY in fields or (kept is not None and kept != footer)
        standing = wanted_standing(ActionItemStatus(held.item.status))
        change = TicketChange(
            title=ours[TicketField.TITLE] if TicketField.TITLE in fields else None,
            body=texts.body_of(held.item.details, footer) if writes_body else None,
            assignee=held.account if TicketField.ASSIGNEE in fields else None,
        )
        if TicketField.STATUS in fields:
            status = held.projection.statuses.get(ActionItemStatus(held.item.status))
            change = replace(change, state=standing.state, reason=standing.reason, status=status)
        if TicketField.DUE in fields and tracker.knows_due:
            change = replace(change, due_on=held.item.due_on, no_due_date=held.item.due_on is None)
        comment = _comment(held)
        if not fields and not writes_body and comment is None:
            return None
        told = sync_state.told_of(held.item, held.account)
        return Outgoing(seen, change, fields, dict(ours), told, footer if writes_body else None, comment)

    def _footer(self, held: TicketWork, tracker: type[Tracker]) -> str:
        link = f"{self._base_url}/postmortems/{held.item.postmortem_id}"
        return texts.footer_of(link, held.item.priority, None if tracker.knows_due else held.item.due_on)

    # What is written

    async def _written(self, work: TicketWork, talk: Conversation, out: Outgoing) -> None:
        """Raises _ChangedMeanwhile, with nothing written, where the ticket is no longer as it was merged."""
        refusal: StatusUnreachable | None = None
        answer, ref = out.seen, out.seen.ref
        try:
            if out.change != TicketChange():
                answer = await talk.ask(lambda tracker: _update(tracker, out))
        except StatusUnreachable as caught:
            refusal = caught
            answer = await talk.ask(lambda tracker: tracker.fetch(ref))
        if out.comment is not None:
            text = out.comment
            await talk.ask(lambda tracker: tracker.comment(answer.ref, work.ticket.id, text))
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await self._held(session, work, answer)
            if held is None:
                return
            merging.record(held, answer, now)
            theirs = await merging.theirs_of(session, held, answer, talk.tracker)
            done = {name for name in out.fields if refusal is None or name is not TicketField.STATUS}
            sync_state.write_base(held.ticket, {name: Agreed(out.ours[name], theirs[name].value) for name in done})
            if out.footer is not None:
                body = sync_state.read_base(held.ticket).fields.get(TicketField.BODY)
                ours = body.ours if body else out.ours[TicketField.BODY]
                agreed = Agreed(ours, theirs[TicketField.BODY].value)
                sync_state.write_base(held.ticket, {TicketField.BODY: agreed}, out.footer)
            held.ticket.comment = out.comment or held.ticket.comment
            sync_state.write_told(held.ticket, out.told)
            await merging.take_in(session, held, answer, talk.tracker, now, decides=True)
            if refusal is None and held.ticket.link_state == LinkState.REFUSED.value:
                held.ticket.link_state, held.ticket.detail = LinkState.OK.value, None
            if refusal is not None:
                held.ticket.link_state = LinkState.REFUSED.value
                held.ticket.detail = str(refusal)[:1000]
                told = sync_state.read_told(held.ticket)
                refused = told.updated({TicketField.STATUS: out.ours[TicketField.STATUS]})
                sync_state.write_told(held.ticket, refused)
            _log_out(session, work, talk, "update", "refused" if refusal else "ok", str(refusal or _names(out)))
            await self._note_well(session, work, talk, now)

    async def _note_well(self, session: Session, work: TicketWork, talk: Conversation, now: datetime) -> None:
        """Last in its transaction: it may lock the connection."""
        await session.flush()
        if talk.account is not None and work.integration.account is None:
            await tickets.keep_account(session, work.integration.id, talk.account)
        await connections.note_recovery(session, work.integration.id, now)

    # What is refused

    async def _note_refusal(self, work: TicketWork, talk: Conversation, operation: str, refusal: DomainError) -> None:
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await tickets.get_ticket_work_unscoped(session, work.ticket.id, lock=True)
            _log_out(session, work, talk, operation, "refused", str(refusal))
            if held is None:
                return
            link = held.ticket
            if isinstance(refusal, CredentialsRejected | CredentialsLocked):
                link.waits, link.tries = True, link.tries + 1
                await session.flush()
                await connections.note_trouble(session, held.integration.id, str(refusal), now)
                return
            dead = _dead(refusal) if link.external_id is not None else None
            if dead is not None:
                await note_dead(session, held, dead, str(refusal), now)
            else:
                link.link_state, link.detail = LinkState.REFUSED.value, str(refusal)[:1000]
                sync_state.write_told(link, sync_state.told_of(held.item, held.account))
            link.looks_done = work.ticket.looks_wanted

    # What comes in

    @activity.defn
    async def apply_delivery(self, given: ApplyDelivery) -> ActionItemSnapshot:
        """Lets the item follow its ticket, once for each delivery; news older than what was applied is dropped, and of
        several states the newest counts. What is refused among others is left to the drain, which tells of it again."""
        async with transaction(self._sessions) as session:
            await action_items.get_item_unscoped(session, given.action_item_id)
            held = await connections.lock_deliveries_unscoped(session, [given.delivery, *given.more])
            for integration_id in dict.fromkeys(one.integration_id for one in held if one.integration_id):
                theirs = [one for one in held if one.integration_id == integration_id]
                try:
                    await self._take(session, given, integration_id, theirs)
                except DomainError as refusal:
                    _leave(given, refusal)
        async with transaction(self._sessions) as session:
            return await action_items.snapshot(session, given.action_item_id)

    async def _take(
        self, session: Session, given: ApplyDelivery, integration_id: str, deliveries: Sequence[WebhookDelivery]
    ) -> None:
        """Of one connection."""
        integration = await connections.get_integration(session, integration_id)
        with registry.connect(integration.kind, integration.config, self._keyring.open(integration.secrets)) as tracker:
            told = [(one, told_by(tracker, one)) for one in deliveries]
            newest = _newest([event for _, event in told])
            results = []
            for delivery, event in told:
                ticket = _state_in(event)
                if ticket is not None and ticket.updated_at < newest[ticket.external_id]:
                    results.append((delivery, event, "stale"))
                    continue
                try:
                    async with session.begin_nested():
                        result = await _apply(session, event, integration_id, tracker, given.at)
                    results.append((delivery, event, result))
                except DomainError as refusal:
                    _leave(given, refusal)
        for delivery, event, result in results:  # last: whoever sends one again waits for these rows
            await _settle(session, given, delivery, event, result)


def _leave(given: ApplyDelivery, refusal: DomainError) -> None:
    """To the drain, where others came with it."""
    if not given.more:
        raise refusal
    log.warning("webhook not applied; the drain will try", action_item_id=given.action_item_id, code=refusal.code)


async def _settle(
    session: Session, given: ApplyDelivery, delivery: WebhookDelivery, event: News | None, result: str
) -> None:
    await connections.conclude_delivery(
        session,
        delivery.integration_id,
        delivery.id,
        result,
        given.at,
        delivery_id=delivery.delivery_id,
        operation=f"webhook {event.action.value.lower()}" if isinstance(event, TicketEvent) else "webhook",
        action_item_id=given.action_item_id,
    )
    log.info("webhook applied", action_item_id=given.action_item_id, delivery_id=delivery.delivery_id, result=result)


def _state_in(event: News | None) -> Ticket | None:
    """The ticket as it is after the event, where that is to be taken over."""
    asks = {TicketAction.DELETED, TicketAction.TRANSFERRED}
    return event.ticket if isinstance(event, TicketEvent) and event.action not in asks else None


def _newest(news: Iterable[News | None]) -> dict[str, datetime]:
    """Of each ticket, by its external id, the time of its newest state."""
    found: dict[str, datetime] = {}
    for ticket in filter(None, map(_state_in, news)):
        found[ticket.external_id] = max(found.get(ticket.external_id, ticket.updated_at), ticket.updated_at)
    return found


def _update(tracker: Tracker, out: Outgoing) -> Ticket:
    """No vendor writes on condition that nothing changed, so it is looked at right before: what somebody writes between
    these two requests is overwritten, what they wrote while our transaction lasted is not."""
    seen = out.seen

    def check(found: Ticket) -> None:
        is_other = merging.values_of(found) != merging.values_of(seen)
        if is_other and found.updated_at >= seen.updated_at:  # a replica that lags tells nothing
            raise _ChangedMeanwhile(found)

    return tracker.update(seen.ref, out.change, check)


def _dead(refusal: DomainError) -> LinkState | None:
    if isinstance(refusal, TicketGone):
        return LinkState.DELETED
    return LinkState.FORBIDDEN if isinstance(refusal, TicketForbidden) else None


async def note_dead(session: Session, held: TicketWork, state: LinkState, why: str, now: datetime) -> None:
    """The item stays as it is; whoever owes it is asked, once, what to do: recreate, relink or drop."""
    link = held.ticket
    if link.link_state != state.value:
        link.link_state = state.value
        occasion = f"{link.id}:{state.value}:{now.isoformat()}"
        await action_items.tell_owing(session, held.item, f"ticket_{state.value}", occasion, now)
    link.detail = why[:1000]


def _comment(held: TicketWork) -> str | None:
    """What our one comment has to say now; None where it says that already, or nothing needs saying."""
    name = held.owner_name
    if held.item.owner_id is None or name is None:
        return None
    if held.account is None:
        wanted = texts.owner_comment(name)
    elif held.ticket.comment is not None:
        wanted = texts.owner_found_comment(name)
    else:
        return None
    return wanted if wanted != held.ticket.comment else None


def _names(out: Outgoing) -> str:
    told = sorted(one.value for one in out.fields)
    return ", ".join(told) or ("comment" if out.comment else "text")


def told_by(tracker: Tracker, delivery: WebhookDelivery) -> News | None:
    """The one event of a delivery that this row stands for."""
    try:
        news = tracker.parse_webhook(delivery.headers, delivery.body)
    except MalformedWebhook:
        return None
    return next((one for one in news if one.delivery_id == delivery.delivery_id), None)


async def _apply(session: Session, event: News | None, integration_id: str, tracker: Tracker, now: datetime) -> str:
    """Writes what the event changes; the words for the sync log."""
    if not isinstance(event, TicketEvent):
        return "ignored"
    ours = await tickets.find_ticket_unscoped(session, integration_id, event.ref.external_id)
    held = await tickets.get_ticket_work_unscoped(session, ours.id, lock=True) if ours else None
    if held is None:
        return "unlinked"
    told = _state_in(event)
    if told is None:
        return _ask(held, "asked the tracker")
    if event.actor is not None and event.actor == held.integration.account:
        same = merging.says_the_same(sync_state.read_base(held.ticket).fields, told)
        return "our own" if same else _ask(held, "our own, to be compared")
    return await bring(session, held, told, type(tracker), now)


async def bring(session: Session, held: TicketWork, told: Ticket, tracker: type[Tracker], now: datetime) -> str:
    """A ticket as it was at some moment, taken in unless it is older than what we know; the words for the sync log.

    Vendors' clocks may be coarse: two states with one time cannot be ordered, and the tracker is asked.
    """
    seen_at, before = held.ticket.seen_at, held.item.status
    if seen_at is not None and told.updated_at < seen_at:
        return "stale"
    if told.updated_at == seen_at and not merging.says_the_same(sync_state.read_base(held.ticket).fields, told):
        return _ask(held, "as old as what is known")
    if held.ticket.external_id != told.external_id or told.key != held.ticket.key:
        return _ask(held, "moved")
    merging.record(held, told, now)
    merged = await merging.take_in(session, held, told, tracker, now, decides=False)
    if merged.unsure:
        return _ask(held, merged.words)
    if TicketField.STATUS in merged.taken and held.item.status != before:
        return f"{before} to {held.item.status}"
    return merged.words


def _ask(held: TicketWork, words: str) -> str:
    """The tracker is to be asked, by the item's workflow, in its turn."""
    held.ticket.looks_wanted += 1
    return words


def _log_out(session: Session, work: TicketWork, talk: Conversation, operation: str, result: str, detail: str) -> None:
    connections.log_attempt(
        session,
        work.integration.id,
        "OUT",
        operation,
        result,
        detail=detail,
        action_item_id=work.item.id,
        request_id=talk.request_id,
    )

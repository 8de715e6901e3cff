"""Pushing an action item to its ticket: fetch or create the ticket, merge both sides, write what is ours to write.

May run twice. Requests to a vendor are made between transactions, never inside one. One push runs at a time for each
ticket, so no write of ours is on its way while both sides are compared.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.refusals import transaction
from activities.tickets import merging
from activities.tickets.conversation import Conversation
from activities.tickets.outgoing import Outgoing, footer_of, outgoing_of
from application.action_items.snapshots import read_snapshot
from application.action_items.tickets import wanted_values
from application.notifications.connection_trouble import record_recovery, record_trouble
from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.action_items.snapshots import ActionItemSnapshot
from domain.errors import (
    CredentialsRejected,
    DomainError,
    StatusUnreachable,
    TextNotKept,
    TicketExists,
    TicketForbidden,
    TicketGone,
)
from domain.tickets import texts
from domain.tickets.merge import Agreed
from domain.tickets.projection import TicketField
from domain.tickets.stored_values import AgreedValues, SentValues
from integrations.ticket import Ticket, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Tracker, TrackerUnavailable
from models.keyring import Keyring
from models.queries.connections.registrations import update_account
from models.queries.connections.sync_log import insert_attempt
from models.queries.tickets import tickets
from models.queries.tickets.tickets import TicketWork
from models.session import Session, Sessions

log = structlog.get_logger()

CLOCK_SKEW = timedelta(minutes=10)
MERGES = 5
"""How often one push merges again because the ticket was changed during the merge."""


@dataclass(frozen=True, slots=True)
class PushTicket:
    action_item_id: str
    ticket_id: str


class _TicketChanged(Exception):
    """``ticket`` is its newer state, None where it has to be fetched; ``known_at`` the time of the newest known one."""

    def __init__(self, ticket: Ticket | None, known_at: datetime | None) -> None:
        super().__init__()
        self.ticket = ticket
        self.known_at = known_at


class PushActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def push_ticket(self, given: PushTicket) -> ActionItemSnapshot:
        """Looks at the ticket, merges, and makes it say what the item says.

        A refusal is written on the link and is an answer; a stumble is raised, to be tried again after the time that
        the vendor asked for. If the connection is paused or in trouble, no request is made: the push waits.
        """
        async with transaction(self._sessions) as session:
            work = await tickets.find_ticket_work_unscoped(session, given.ticket_id)
            if work is not None and not work.may_contact:
                await tickets.postpone_push(session, work.ticket.id)
                work = None
        if work is not None:
            await self._push(work)
        async with transaction(self._sessions) as session:
            return await read_snapshot(session, given.action_item_id)

    async def _push(self, work: TicketWork) -> None:
        conversation = Conversation(work.integration, self._keyring, introduced=True)
        operation = "look" if work.ticket.external_id else "link" if work.ticket.pointer else "create"
        try:
            seen, known_at = await self._fetch_or_create(work, conversation), work.ticket.seen_at
            for _ in range(MERGES):
                try:
                    outgoing = await self._merge(work, conversation, operation, seen, known_at)
                    if outgoing is not None:
                        operation = "update"
                        await self._write(work, conversation, outgoing)
                except _TicketChanged as change:
                    operation, known_at = "look" if operation == "update" else operation, change.known_at
                    seen = change.ticket or await self._fetch(conversation, seen.ref)
                else:
                    return
            raise ApplicationError(f"{conversation.tracker.label}: the ticket keeps changing", type="TooEarly")
        except TrackerUnavailable as stumble:
            async with transaction(self._sessions) as session:
                _log_out(session, work, conversation, operation, "retry", str(stumble))
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="TrackerUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            await self._record_refusal(work, conversation, operation, refusal)

    # What is there

    async def _fetch_or_create(self, work: TicketWork, conversation: Conversation) -> Ticket:
        """The ticket as it is now: the linked one, or the one that a person pointed at, or the one with our marker, or
        a new one."""
        link = work.ticket
        if link.external_id is not None:
            return await self._fetch(conversation, TicketRef(link.external_id, link.key or ""))
        if link.pointer:
            pointer = link.pointer
            return await conversation.ask(lambda tracker: tracker.resolve(pointer))
        if link.creating_since is not None:  # a create of ours is on record, and its answer is not
            lag = timedelta(seconds=conversation.tracker.lookup_lag)
            left = link.creating_since + lag - datetime.now(UTC)
            if left > timedelta(0):  # no worker is kept waiting
                words = f"{conversation.tracker.label} may not show the new ticket yet"
                raise ApplicationError(words, type="TooEarly", next_retry_delay=left)
        since = link.created_at - CLOCK_SKEW
        found = await conversation.ask(lambda tracker: tracker.find(link.id, since=since))
        return found if found is not None else await self._create(work, conversation)

    async def _fetch(self, conversation: Conversation, ref: TicketRef) -> Ticket:
        return await conversation.ask(lambda tracker: tracker.fetch(ref))

    async def _create(self, work: TicketWork, conversation: Conversation) -> Ticket:
        """The draft is recorded before it is sent. If the answer is lost, the ticket that we find later is compared
        with it, which shows what a person has changed since."""
        async with transaction(self._sessions) as session:
            held = await tickets.find_ticket_work_unscoped(session, work.ticket.id, lock=True)
            if held is None:
                raise TicketGone(tracker=conversation.tracker.label, key=work.ticket.id)
            teams, services = await tickets.destination_of(session, held.item)
            footer = footer_of(held, conversation.tracker, self._base_url)
            draft_values = held.ours | {TicketField.STATUS: ActionItemStatus.OPEN.value}
            unseen = {name: Agreed(value, None, seen=False) for name, value in draft_values.items()}
            _store(held, AgreedValues.read(held.ticket.base).with_fields(unseen).with_footer(footer))
            held.ticket.creating_since = datetime.now(UTC)
            wanted = held.projection.destination(teams, services)
            draft = TicketDraft(
                marker=held.ticket.id,
                title=draft_values[TicketField.TITLE] or "",
                body=texts.body_of(draft_values[TicketField.BODY], footer),
                labels=held.projection.labels,
                assignee=held.account,
                due_on=held.item.due_on if conversation.tracker.knows_due else None,
                project=wanted.project,
                issue_type=wanted.issue_type,
                fields=held.projection.fields,  # type: ignore[arg-type]
            )
        made = await conversation.ask(lambda tracker: tracker.create(draft))
        async with transaction(self._sessions) as session:
            held = await tickets.find_ticket_work_unscoped(session, work.ticket.id, lock=True)
            if held is not None and held.ticket.external_id is None:
                theirs = await merging.read_ticket_fields(session, held, made, conversation.tracker)
                agreed = {name: Agreed(draft_values[name], one.value) for name, one in theirs.items()}
                _store(held, AgreedValues.read(held.ticket.base).with_fields(agreed))
        return made

    # Both together

    async def _merge(
        self, work: TicketWork, conversation: Conversation, operation: str, seen: Ticket, known_at: datetime | None
    ) -> Outgoing | None:
        """Takes in what changed there; what is left to write. Raises _TicketChanged, with nothing changed, where a
        newer state than ``seen`` came while that was on its way."""
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await self._lock(session, work, seen)
            if held is None:
                return None
            if merging.is_overtaken(held, seen, known_at):
                raise _TicketChanged(None, held.ticket.seen_at)
            linked = held.ticket.external_id is None and held.ticket.pointer is not None
            if linked:  # its words are left alone, and its status is believed
                unseen = Agreed(held.item.status, None, seen=False)
                _store(held, AgreedValues.read(held.ticket.base).with_fields({TicketField.STATUS: unseen}))
            merging.record_ticket(held, seen, now)
            merged = await merging.merge_into_item(session, held, seen, conversation.tracker, now, decides=True)
            held.ticket.looks_done = work.ticket.looks_wanted
            held.ticket.waits = False
            outgoing = outgoing_of(held, seen, conversation.tracker, merged, self._base_url)
            if outgoing is None:
                sent = SentValues.read(held.ticket.pushed).with_priority(held.item.priority)
                held.ticket.pushed = sent.as_json()
            if operation != "look" or merged.summary != "unchanged":
                detail = seen.key if operation != "look" else merged.summary
                _log_out(session, work, conversation, operation, "ok", detail)
            await self._record_success(session, work, conversation, now)
        return outgoing

    async def _lock(self, session: Session, work: TicketWork, seen: Ticket) -> TicketWork | None:
        """The rows, locked; None where the link was dropped meanwhile. Raises TicketExists."""
        held = await tickets.find_ticket_work_unscoped(session, work.ticket.id, lock=True)
        if held is None:
            return None
        other = await tickets.find_ticket_unscoped(session, work.integration.id, seen.external_id)
        if other is not None and other.id != held.ticket.id:
            raise TicketExists(key=f"{seen.key} (action item {other.action_item_id})")
        return held

    # What is written

    async def _write(self, work: TicketWork, conversation: Conversation, out: Outgoing) -> None:
        """Raises _TicketChanged, with nothing written, where the ticket is no longer as it was merged. If a newer state
        came while this was written, the next push looks at the ticket again."""
        answer, out, refusals = await self._sent(conversation, out)
        if out.comment is not None and out.comment != work.ticket.comment:
            text = out.comment
            await conversation.ask(lambda tracker: tracker.comment(answer.ref, work.ticket.id, text))
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await self._lock(session, work, answer)
            if held is None:
                return
            is_overtaken = merging.is_overtaken(held, answer, out.known_at)
            theirs = await merging.read_ticket_fields(session, held, answer, conversation.tracker)
            agreed = AgreedValues.read(held.ticket.base)
            done = out.fields - refusals.keys()
            agreed = agreed.with_fields({name: Agreed(out.ours[name], theirs[name].value) for name in done})
            if out.footer is not None:
                body = agreed.fields.get(TicketField.BODY)
                ours = body.ours if body else out.ours[TicketField.BODY]
                kept = {TicketField.BODY: Agreed(ours, theirs[TicketField.BODY].value)}
                agreed = agreed.with_fields(kept).with_footer(out.footer)
            _store(held, agreed)
            held.ticket.comment = out.comment or held.ticket.comment
            held.ticket.pushed = out.sent.as_json()
            if is_overtaken:
                merging.request_look(held, "overtaken")
            else:
                merging.record_ticket(held, answer, now)
                await merging.merge_into_item(session, held, answer, conversation.tracker, now, decides=True)
            said = " ".join(map(str, refusals.values()))
            if not refusals and held.ticket.link_state == LinkState.REFUSED.value:
                held.ticket.link_state, held.ticket.detail = LinkState.OK.value, None
            if refusals:
                held.ticket.link_state, held.ticket.detail = LinkState.REFUSED.value, said[:1000]
                refused = {name: out.ours[name] for name in refusals}
                held.ticket.pushed = SentValues.read(held.ticket.pushed).with_fields(refused).as_json()
            _log_out(session, work, conversation, "update", "refused" if refusals else "ok", said or out.names)
            await self._record_success(session, work, conversation, now)

    async def _sent(
        self, conversation: Conversation, out: Outgoing
    ) -> tuple[Ticket, Outgoing, dict[TicketField, DomainError]]:
        """The ticket afterwards, what was written to it, and which fields were refused. A text that would take
        something away from the ticket's becomes a comment."""
        refusals: dict[TicketField, DomainError] = {}
        for _ in range(2):
            try:
                if out.change == TicketChange():
                    return out.seen, out, refusals
                return await conversation.ask(lambda tracker: _update(tracker, out)), out, refusals  # noqa: B023
            except StatusUnreachable as refusal:
                refusals[TicketField.STATUS] = refusal
                return await self._fetch(conversation, out.seen.ref), out, refusals
            except TextNotKept as refusal:
                out = replace(out, change=replace(out.change, body=None), footer=None)
                if TicketField.BODY in out.fields:
                    refusals[TicketField.BODY] = refusal
                    said = texts.text_comment(out.ours[TicketField.BODY] or "")
                    out = replace(out, comment="\n\n".join(one for one in (out.owner_comment, said) if one))
        return out.seen, out, refusals

    async def _record_success(
        self, session: Session, work: TicketWork, conversation: Conversation, now: datetime
    ) -> None:
        """Last in its transaction: it may lock the connection."""
        await session.flush()
        if conversation.account is not None and work.integration.account is None:
            await update_account(session, work.integration.id, conversation.account)
        await record_recovery(session, work.integration.id, now)

    # What is refused

    async def _record_refusal(
        self, work: TicketWork, conversation: Conversation, operation: str, refusal: DomainError
    ) -> None:
        now = activity.info().started_time
        async with transaction(self._sessions) as session:
            held = await tickets.find_ticket_work_unscoped(session, work.ticket.id, lock=True)
            _log_out(session, work, conversation, operation, "refused", str(refusal))
            if held is None:
                return
            link = held.ticket
            if isinstance(refusal, CredentialsRejected):
                link.waits, link.tries = True, link.tries + 1
                await session.flush()
                await record_trouble(session, held.integration.id, str(refusal), now)
                return
            dead = _dead_state(refusal) if link.external_id is not None else None
            if dead is not None:
                await merging.mark_dead(session, held, dead, str(refusal), now)
            else:
                link.link_state, link.detail = LinkState.REFUSED.value, str(refusal)[:1000]
                link.pushed = wanted_values(held.item, held.account).as_json()
            link.looks_done = work.ticket.looks_wanted


def _update(tracker: Tracker, out: Outgoing) -> Ticket:
    """No vendor offers conditional writes, so the ticket is fetched right before: what a person writes between these
    two requests is overwritten, but not what they wrote during our transaction."""
    seen = out.seen

    def check(found: Ticket) -> None:
        is_other = merging.values_of(found) != merging.values_of(seen)
        if is_other and found.updated_at >= seen.updated_at:  # a replica that lags tells nothing
            raise _TicketChanged(found, out.known_at)

    return tracker.update(seen.ref, out.change, check)


def _dead_state(refusal: DomainError) -> LinkState | None:
    if isinstance(refusal, TicketGone):
        return LinkState.DELETED
    return LinkState.FORBIDDEN if isinstance(refusal, TicketForbidden) else None


def _store(held: TicketWork, agreed: AgreedValues) -> None:
    held.ticket.base = agreed.as_json()


def _log_out(
    session: Session, work: TicketWork, conversation: Conversation, operation: str, result: str, detail: str
) -> None:
    insert_attempt(
        session,
        work.integration.id,
        "OUT",
        operation,
        result,
        detail=detail,
        action_item_id=work.item.id,
        request_id=conversation.request_id,
    )

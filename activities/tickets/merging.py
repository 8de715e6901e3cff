"""Merging a ticket into its action item and our link to it, in one transaction; the caller has locked both rows.

A webhook and reconciliation bring a ticket as it was at some moment. Only a push, which runs while no write of ours is
on its way, decides what both sides have changed. So if there is a conflict, they request a push and leave that field
alone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.action_items.items import follow_ticket, notify_owner, record_conflict
from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.notifications.notices import NoticeKind
from domain.tickets import status as status_rules
from domain.tickets import texts
from domain.tickets.following import details_from
from domain.tickets.links import may_write_to
from domain.tickets.merge import (
    Decision,
    Outcome,
    Theirs,
    describe_conflict,
    is_as_agreed,
    keep_unknown_owner,
    merge,
    summarize,
)
from domain.tickets.projection import TicketField
from domain.tickets.stored_values import AgreedValues, SentValues
from integrations.ticket import Ticket
from integrations.tracker import Tracker
from models.queries.tickets import pull_requests, tickets
from models.queries.tickets.tickets import TicketWork
from models.session import Session


@dataclass(frozen=True, slots=True)
class Merged:
    """``taken``: fields that the item took over; ``to_write``: our fields to write to the ticket; ``needs_look``: a
    push must decide. ``summary`` is for the sync log, ``ours`` our side as it went into the merge."""

    taken: frozenset[TicketField]
    to_write: frozenset[TicketField]
    needs_look: bool
    summary: str
    ours: Mapping[TicketField, str | None]


def record_ticket(held: TicketWork, ticket: Ticket, now: datetime) -> None:
    """What the tracker says of the ticket itself, on our link. A new key is a move; the immutable id is followed."""
    link = held.ticket
    moved = link.key is not None and link.external_id is not None and ticket.key != link.key
    if moved:
        link.detail = f"The ticket moved. It was {link.key} before."
        link.link_state = LinkState.MOVED.value
    elif not may_write_to(link.link_state):
        link.link_state, link.detail = LinkState.OK.value, None
    link.external_id, link.key, link.url = ticket.external_id, ticket.key, ticket.url
    link.status, link.assignee = ticket.status, ticket.assignee
    link.seen_at = max(link.seen_at, ticket.updated_at) if link.seen_at else ticket.updated_at
    link.last_synced_at = now
    link.creating_since = None


def is_overtaken(held: TicketWork, ticket: Ticket, known_at: datetime | None) -> bool:
    """Whether a webhook or reconciliation brought a newer state while this one was on its way: to merge it would undo
    that. ``known_at`` is the time of the newest state that was known when this one was asked for.

    Vendors' clocks may be coarse: of two states with one time, either may be the newer one.
    """
    link = held.ticket
    if link.seen_at is None or link.seen_at == known_at or ticket.updated_at > link.seen_at:
        return False
    return ticket.updated_at < link.seen_at or not is_as_agreed(AgreedValues.read(link.base).fields, values_of(ticket))


async def read_ticket_fields(
    session: Session, held: TicketWork, ticket: Ticket, tracker: type[Tracker]
) -> dict[TicketField, Theirs]:
    """Each field of the ticket, as it is there and in our words."""
    values = values_of(ticket)
    person = (
        await tickets.find_person_by_account(session, held.integration.id, ticket.assignee) if ticket.assignee else None
    )
    title, agreed = texts.title_of(ticket.title), AgreedValues.read(held.ticket.base)
    ours, base = held.ours[TicketField.BODY] or "", agreed.fields.get(TicketField.BODY)
    details = await asyncio.to_thread(details_from, ticket.body, ours, base, agreed.footer or "", tracker)
    due = values[TicketField.DUE]
    return {
        TicketField.TITLE: Theirs(values[TicketField.TITLE], title, readable=bool(title)),
        TicketField.BODY: Theirs(values[TicketField.BODY], details),
        TicketField.STATUS: Theirs(values[TicketField.STATUS], _status_in(held, ticket, tracker).value),
        TicketField.ASSIGNEE: Theirs(values[TicketField.ASSIGNEE], ticket.assignee, readable=person is not None),
        TicketField.DUE: Theirs(due, due, readable=tracker.knows_due),
    }


def values_of(ticket: Ticket) -> dict[TicketField, str | None]:
    """Each field as the vendor has it: their half of a base."""
    return {
        TicketField.TITLE: ticket.title,
        TicketField.BODY: ticket.body,
        TicketField.STATUS: f"{ticket.state.value} {ticket.reason.value if ticket.reason else '-'} {ticket.status}",
        TicketField.ASSIGNEE: ticket.assignee,
        TicketField.DUE: ticket.due_on.isoformat() if ticket.due_on else None,
    }


def _status_in(held: TicketWork, ticket: Ticket, tracker: type[Tracker]) -> ActionItemStatus:
    named = held.projection.names.get(ticket.status.lower())
    if named is not None:
        return named
    status = ActionItemStatus(held.item.status)
    return status_rules.status_in(status, ticket.standing, knows_started=tracker.knows_started)


async def merge_into_item(
    session: Session, held: TicketWork, ticket: Ticket, tracker: type[Tracker], now: datetime, *, decides: bool
) -> Merged:
    """Merges both sides and writes to the item what changed in the ticket.

    With ``decides`` false, conflicts are left to a push."""
    theirs = await read_ticket_fields(session, held, ticket, tracker)
    agreed, wanted = AgreedValues.read(held.ticket.base), held.ours
    winners = {name: held.projection.winner(name) for name in TicketField}
    ours = {**wanted, TicketField.ASSIGNEE: keep_unknown_owner(agreed.fields, wanted, theirs)}
    decisions = merge(agreed.fields, ours, theirs, winners)
    needs_look = any(one.conflict for one in decisions.values()) and not decides
    if needs_look:
        decisions = {name: one for name, one in decisions.items() if not one.conflict}
    await _change_item(session, held, ticket, tracker, decisions, now)
    held.ticket.base = agreed.with_fields({name: one.agreed for name, one in decisions.items()}).as_json()
    _record_sent(held, wanted, decisions)
    conflicts = {name: one for name, one in decisions.items() if one.conflict}
    if conflicts:
        await _record_conflicts(session, held, wanted, conflicts, now)
    if ticket.pull_requests is not None:
        found = [(one.url, one.title, one.state.value) for one in ticket.pull_requests]
        await pull_requests.replace_pull_requests(session, held.ticket.id, found, now)
    taken = frozenset(name for name, one in decisions.items() if one.outcome is Outcome.IN)
    to_write = frozenset(name for name, one in decisions.items() if one.outcome is Outcome.OUT)
    if held.ticket.link_state == LinkState.REFUSED and not to_write and not needs_look:
        held.ticket.link_state, held.ticket.detail = LinkState.OK.value, None
    return Merged(taken, to_write, needs_look, summarize(taken, conflicts, needs_look=needs_look), ours)


async def _change_item(
    session: Session,
    held: TicketWork,
    ticket: Ticket,
    tracker: type[Tracker],
    decisions: Mapping[TicketField, Decision],
    now: datetime,
) -> None:
    changes: dict[str, Any] = {}
    for name, one in decisions.items():
        if one.outcome is Outcome.IN:
            changes |= await _columns(session, held, ticket, tracker, name, one.agreed.ours)
    if changes:
        await follow_ticket(session, held.item, changes, now)


async def _columns(
    session: Session, held: TicketWork, ticket: Ticket, tracker: type[Tracker], name: TicketField, means: str | None
) -> dict[str, Any]:
    """The columns of the item that take this field over; ``means`` is its value in our words."""
    match name:
        case TicketField.TITLE:
            return {"description": ticket.title.strip()}
        case TicketField.BODY:
            return {"details": means or None}
        case TicketField.DUE:
            return {"due_on": ticket.due_on}
        case TicketField.ASSIGNEE:
            return {
                "owner_id": await tickets.find_person_by_account(session, held.integration.id, ticket.assignee or "")
            }
        case TicketField.STATUS:
            status = _status_in(held, ticket, tracker)
            changes: dict[str, Any] = {"status": status.value}
            if status is ActionItemStatus.WONT_DO:
                words = status_rules.justification(ticket.standing, tracker.label)
                changes["justification"] = words or f"'{ticket.status}' in {tracker.label}."
            return changes


def _record_sent(
    held: TicketWork, wanted: Mapping[TicketField, str | None], decisions: Mapping[TicketField, Decision]
) -> None:
    """What both sides agree on does not have to be sent."""
    sent = SentValues.read(held.ticket.pushed)
    if sent.priority is None:
        sent = sent.with_priority(held.item.priority)
    settled: dict[TicketField, str | None] = {}
    for name, one in decisions.items():
        if one.outcome is not Outcome.OUT:
            settled[name] = one.agreed.ours if one.outcome is Outcome.IN else wanted[name]
    held.ticket.pushed = sent.with_fields(settled).as_json()


async def _record_conflicts(
    session: Session,
    held: TicketWork,
    wanted: Mapping[TicketField, str | None],
    conflicts: Mapping[TicketField, Decision],
    now: datetime,
) -> None:
    """On the link, in the audit log, and as a notice to the owner."""
    sentences = []
    for name, one in conflicts.items():
        winner = held.projection.winner(name)
        kept = one.agreed.theirs if one.outcome is not Outcome.OUT else wanted[name]
        facts = {"field": name.value, "winner": winner.value, "kept": kept, "lost": one.lost}
        record_conflict(session, held.item, held.ticket.id, facts, now)
        sentences.append(describe_conflict(name, winner, one.lost))
    held.ticket.conflict = f"Both sides changed it. {'; '.join(sentences)}."[:1000]
    named = ",".join(sorted(conflicts))
    occasion = f"{held.ticket.id}:conflict:{named}:{now.isoformat()}"
    await notify_owner(session, held.item, NoticeKind.TICKET_CONFLICT, occasion, now)


async def apply_ticket_state(
    session: Session, held: TicketWork, state: Ticket, tracker: type[Tracker], now: datetime
) -> str:
    """Merges a ticket as it was at some moment, unless it is older than what we know. Returns the result for the sync
    log.

    Vendors' clocks may be coarse: two states with one time cannot be ordered, and the tracker is asked.
    """
    seen_at, before = held.ticket.seen_at, held.item.status
    if seen_at is not None and state.updated_at < seen_at:
        return "stale"
    if state.updated_at == seen_at and not is_as_agreed(AgreedValues.read(held.ticket.base).fields, values_of(state)):
        return request_look(held, "as old as what is known")
    if held.ticket.external_id != state.external_id or state.key != held.ticket.key:
        return request_look(held, "moved")
    record_ticket(held, state, now)
    merged = await merge_into_item(session, held, state, tracker, now, decides=False)
    if merged.needs_look:
        return request_look(held, merged.summary)
    if TicketField.STATUS in merged.taken and held.item.status != before:
        return f"{before} to {held.item.status}"
    return merged.summary


def request_look(held: TicketWork, words: str) -> str:
    """Has the item's workflow read the ticket from the tracker in its next push."""
    held.ticket.looks_wanted += 1
    return words


async def mark_dead(session: Session, held: TicketWork, state: LinkState, why: str, now: datetime) -> None:
    """The item stays as it is. Its owner is asked once what to do: recreate, link another ticket or unlink it."""
    link = held.ticket
    if link.link_state != state.value:
        link.link_state = state.value
        occasion = f"{link.id}:{state.value}:{now.isoformat()}"
        await notify_owner(session, held.item, NoticeKind(f"ticket_{state.value}"), occasion, now)
    link.detail = why[:1000]

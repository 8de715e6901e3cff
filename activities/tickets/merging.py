"""What a ticket says, merged into its action item and our link to it: one transaction, both rows locked by the caller.

A webhook and reconciliation bring a ticket as it was at some moment; only a look, which is taken while nothing of ours
is on its way, decides what both sides have changed. So where a conflict shows, they ask for a look and leave that
field alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.tickets import status as tickets
from domain.tickets import texts
from domain.tickets.merge import Agreed, Decision, Outcome, Theirs, merge
from domain.tickets.projection import TicketField, Winner
from integrations.ticket import Ticket
from integrations.tracker import Tracker
from models.queries import action_items, sync_state
from models.queries.tickets import tickets as links
from models.queries.tickets.tickets import TicketWork
from models.session import Session

SIDES = {Winner.OURS: "ours", Winner.THEIRS: "the tracker's"}


@dataclass(frozen=True, slots=True)
class Merged:
    """``taken``: fields that the item took over; ``out``: ours that are to be written; ``unsure``: a look must decide.

    ``words`` tell of it in the sync log."""

    taken: frozenset[TicketField] = frozenset()
    out: frozenset[TicketField] = frozenset()
    unsure: bool = False
    words: str = "unchanged"
    values: Mapping[TicketField, str | None] = field(default_factory=dict)
    """Our side as it went into the merge: what is to be written of ``out``."""


def record(held: TicketWork, ticket: Ticket, now: datetime) -> None:
    """What the tracker says of the ticket itself, on our link. A new key is a move; the immutable id is followed."""
    link = held.ticket
    moved = link.key is not None and link.external_id is not None and ticket.key != link.key
    if moved:
        link.detail = f"It moved: it was {link.key} before."
        link.link_state = LinkState.MOVED.value
    elif link.link_state not in links.ALIVE:
        link.link_state, link.detail = LinkState.OK.value, None
    link.external_id, link.key, link.url = ticket.external_id, ticket.key, ticket.url
    link.status, link.assignee = ticket.status, ticket.assignee
    link.seen_at = max(link.seen_at, ticket.updated_at) if link.seen_at else ticket.updated_at
    link.last_synced_at = now
    link.creating_since = None


async def theirs_of(
    session: Session, held: TicketWork, ticket: Ticket, tracker: type[Tracker]
) -> dict[TicketField, Theirs]:
    """Each field of the ticket, as it is there and in our words."""
    said = values_of(ticket)
    person = await links.find_person_of(session, held.integration.id, ticket.assignee) if ticket.assignee else None
    title, details = texts.title_of(ticket.title), texts.details_in(ticket.body)
    mine = held.ours[TicketField.BODY] or ""
    due = said[TicketField.DUE]
    return {
        TicketField.TITLE: Theirs(said[TicketField.TITLE], title, readable=bool(title)),
        TicketField.BODY: Theirs(said[TicketField.BODY], mine if texts.reads_alike(mine, details) else details),
        TicketField.STATUS: Theirs(said[TicketField.STATUS], _status_in(held, ticket, tracker).value),
        TicketField.ASSIGNEE: Theirs(said[TicketField.ASSIGNEE], ticket.assignee, readable=person is not None),
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
    return tickets.status_in(status, ticket.standing, knows_started=tracker.knows_started)


def says_the_same(base: Mapping[TicketField, Agreed], ticket: Ticket) -> bool:
    """Whether the ticket is as both sides last agreed."""
    said = values_of(ticket).items()
    return all(name in base and base[name].seen and base[name].theirs == value for name, value in said)


async def take_in(
    session: Session, held: TicketWork, ticket: Ticket, tracker: type[Tracker], now: datetime, *, decides: bool
) -> Merged:
    """Merges and writes what changed here. ``decides`` False leaves conflicts to a look."""
    theirs = await theirs_of(session, held, ticket, tracker)
    base, wanted = sync_state.read_base(held.ticket).fields, held.ours
    winners = {name: held.projection.winner(name) for name in TicketField}
    ours = {**wanted, TicketField.ASSIGNEE: _kept_assignee(base, wanted, theirs)}
    decisions = merge(base, ours, theirs, winners)
    unsure = any(one.conflict for one in decisions.values()) and not decides
    if unsure:
        decisions = {name: one for name, one in decisions.items() if not one.conflict}
    await _carry_out(session, held, ticket, tracker, decisions, now)
    sync_state.write_base(held.ticket, {name: one.agreed for name, one in decisions.items()})
    _note_told(held, wanted, decisions)
    conflicts = {name: one for name, one in decisions.items() if one.conflict}
    if conflicts:
        await _note_conflicts(session, held, wanted, conflicts, now)
    if ticket.pull_requests is not None:
        found = [(one.url, one.title, one.state.value) for one in ticket.pull_requests]
        await links.keep_pull_requests(session, held.ticket.id, found, now)
    taken = frozenset(name for name, one in decisions.items() if one.outcome is Outcome.IN)
    out = frozenset(name for name, one in decisions.items() if one.outcome is Outcome.OUT)
    if held.ticket.link_state == LinkState.REFUSED and not out and not unsure:
        held.ticket.link_state, held.ticket.detail = LinkState.OK.value, None
    return Merged(taken, out, unsure, _words(taken, conflicts, unsure=unsure), ours)


def _kept_assignee(
    base: Mapping[TicketField, Agreed], ours: Mapping[TicketField, str | None], theirs: Mapping[TicketField, Theirs]
) -> str | None:
    """An owner who got an account there later is not put in the place of somebody whom a person assigned."""
    name = TicketField.ASSIGNEE
    wanted, agreed = ours[name], base.get(name)
    was_unknown = agreed is not None and (agreed.ours or "").startswith(texts.UNKNOWN)
    if was_unknown and agreed is not None and theirs[name].value is not None and theirs[name].value != wanted:
        return agreed.ours
    return wanted


def _words(taken: frozenset[TicketField], conflicts: Mapping[TicketField, Decision], *, unsure: bool) -> str:
    if unsure:
        return "both changed"
    told = sorted(one.value for one in taken)
    lost = sorted(one.value for one in conflicts)
    words = [f"took {', '.join(told)}"] if told else []
    words += [f"both changed {', '.join(lost)}"] if lost else []
    return "; ".join(words) or "unchanged"


async def _carry_out(
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
            changes |= await _change(session, held, ticket, tracker, name)
    if changes:
        await action_items.follow_ticket(session, held.item, changes, now)


async def _change(
    session: Session, held: TicketWork, ticket: Ticket, tracker: type[Tracker], name: TicketField
) -> dict[str, Any]:
    """The columns of the item that take this field over."""
    match name:
        case TicketField.TITLE:
            return {"description": ticket.title.strip()}
        case TicketField.BODY:
            return {"details": texts.details_in(ticket.body) or None}
        case TicketField.DUE:
            return {"due_on": ticket.due_on}
        case TicketField.ASSIGNEE:
            return {"owner_id": await links.find_person_of(session, held.integration.id, ticket.assignee or "")}
        case TicketField.STATUS:
            status = _status_in(held, ticket, tracker)
            changes: dict[str, Any] = {"status": status.value}
            if status is ActionItemStatus.WONT_DO:
                words = tickets.justification(ticket.standing, tracker.label)
                changes["justification"] = words or f"'{ticket.status}' in {tracker.label}."
            return changes


def _note_told(
    held: TicketWork, wanted: Mapping[TicketField, str | None], decisions: Mapping[TicketField, Decision]
) -> None:
    """What both sides agree on needs no telling."""
    told = sync_state.read_told(held.ticket)
    settled = {
        name: one.agreed.ours if one.outcome is Outcome.IN else wanted[name]
        for name, one in decisions.items()
        if one.outcome is not Outcome.OUT
    }
    sync_state.write_told(held.ticket, replace(told.updated(settled), priority=told.priority or held.item.priority))


async def _note_conflicts(
    session: Session,
    held: TicketWork,
    wanted: Mapping[TicketField, str | None],
    conflicts: Mapping[TicketField, Decision],
    now: datetime,
) -> None:
    """On the link, in the trail for good, and to whoever owes the item."""
    words = []
    for name, one in conflicts.items():
        winner = held.projection.winner(name)
        kept = one.agreed.theirs if one.outcome is not Outcome.OUT else wanted[name]
        told = {"field": name.value, "winner": winner.value, "kept": kept, "lost": one.lost}
        action_items.note_conflict(session, held.item, held.ticket.id, told, now)
        given_up = "nothing" if one.lost is None else f"'{one.lost[:120]}'"
        words.append(f"{name.value}: {SIDES[winner]} was kept, {given_up} was given up")
    held.ticket.conflict = f"Both sides had changed it. {'; '.join(words)}."[:1000]
    named = ",".join(sorted(conflicts))
    occasion = f"{held.ticket.id}:conflict:{named}:{now.isoformat()}"
    await action_items.tell_owing(session, held.item, "ticket_conflict", occasion, now)

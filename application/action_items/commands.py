"""Commands to an action item: whether each is allowed now, and carrying it out in one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from application.action_items import tickets
from application.action_items.items import COLUMNS, REMINDER_COLUMNS, check_change, check_may_change, write_change
from application.action_items.snapshots import read_snapshot, snapshot_of
from application.audit.audit_log import audit
from application.audit.command_log import is_committed, is_repeat, log_command
from application.escalation.reminders import Planned, plan_item_reminders
from domain import access
from domain.access import Verb, Viewer
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.action_items.snapshots import ActionItemSnapshot
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.queries import action_items
from models.queries.action_items import ItemFacts, VisibleActionItem, get_item_facts
from models.queries.audit.command_log import take_command, viewer_of
from models.queries.rows import write_rows
from models.queries.tickets.tickets import delete_ticket
from models.session import Session


@dataclass(frozen=True, slots=True)
class CommandContext:
    """A command in its transaction. ``arguments`` are what was staged for it."""

    session: Session
    viewer: Viewer
    facts: ItemFacts
    command: ActionItemCommand
    arguments: Mapping[str, Any]
    now: datetime

    @property
    def seen(self) -> VisibleActionItem:
        return self.facts.seen


async def commit_command(session: Session, command: ActionItemCommand, now: datetime) -> ActionItemSnapshot:
    """Carries the command out, unless its request was carried out before. Raises the refusal.

    The row is locked, the facts are read once, and what they decide is written together.
    """
    taken = await take_command(session, command.request_id, command.actor_id, action_item_id=command.action_item_id)
    viewer = viewer_of(taken, command.actor_id, command.origin)
    try:
        facts = await read_facts(session, viewer, command, taken.arguments, is_read=False)
    except NotFound:
        if await is_committed(session, command.action_item_id, command.request_id, command.fingerprint):
            return await read_snapshot(session, command.action_item_id)  # it was deleted, or hidden from the actor
        raise
    if is_repeat(facts.carried_out, command.fingerprint):
        return await read_snapshot(session, command.action_item_id)
    context = CommandContext(session, viewer, facts, command, taken.arguments, now)
    check(context)
    log_command(session, command.action_item_id, command)
    planned = await _HANDLERS[command.action](context)
    await write_rows(session)
    if planned is None:
        return await read_snapshot(session, command.action_item_id)
    return await snapshot_of(session, planned.facts, planned.alarm)


async def read_facts(
    session: Session, viewer: Viewer, command: ActionItemCommand, arguments: Mapping[str, Any], *, is_read: bool = True
) -> ItemFacts:
    """What decides about the command: one statement. Raises NotFound."""
    owner_id = arguments.get("changes", {}).get("owner_id")
    item_id, request_id = command.action_item_id, command.request_id
    return await get_item_facts(session, viewer, item_id, request_id=request_id, owner_id=owner_id, is_read=is_read)


def check(context: CommandContext) -> None:
    """Raises the refusal of a command that is not possible now."""
    seen, command = context.seen, context.command
    match command.action:
        case ActionItemAction.CHANGE:
            changes = _changed_columns(context.arguments)
            check_change(context.facts, changes, context.arguments.get("reason"))
        case ActionItemAction.OPEN_TICKET:
            check_may_change(seen, "create a ticket for this action item")
            tickets.check_no_ticket(context.facts.tickets, command.integration_id)
        case ActionItemAction.DROP_TICKET:
            check_may_change(seen, "unlink a ticket from this action item")
            if command.ticket_id not in {one.id for one in context.facts.tickets}:
                raise NotFound(kind="ticket", id=command.ticket_id)
        case ActionItemAction.SNOOZE:
            check_may_change(seen, "snooze this action item")
        case ActionItemAction.DELETE:
            access.check(Verb.DELETE_ITEM, Status(seen.postmortem.status), seen.relations)


def _changed_columns(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The columns in a staged change. A due date is staged as ISO text."""
    staged = arguments.get("changes", {})
    changes = {name: staged[name] for name in staged if name in COLUMNS}
    if changes.get("due_on"):
        changes["due_on"] = date.fromisoformat(changes["due_on"])
    return changes


async def _change(context: CommandContext) -> Planned | None:
    changes, reason = _changed_columns(context.arguments), context.arguments.get("reason")
    item = context.seen.item
    changed = await write_change(context.session, context.viewer, item, changes, reason=reason, now=context.now)
    if not changed & REMINDER_COLUMNS:
        return None
    return await plan_item_reminders(context.session, item.id, context.now)


async def _snooze(context: CommandContext) -> Planned | None:
    item = context.seen.item
    _increment_version(context)
    before = item.snoozed_until.isoformat() if item.snoozed_until else None
    item.snoozed_until = context.command.until
    after = item.snoozed_until.isoformat() if item.snoozed_until else None
    _audit(context, "action_item.snoozed", {"snoozedUntil": before}, {"snoozedUntil": after})
    return await plan_item_reminders(context.session, item.id, context.now)


async def _open_ticket(context: CommandContext) -> Planned | None:
    integration_id, pointer = context.command.integration_id or "", context.arguments.get("pointer")
    item, request_id = context.seen.item, context.command.request_id
    await tickets.add_ticket(context.session, item, integration_id, pointer, request_id, context.now)
    _increment_version(context)
    _audit(context, "ticket.requested", None, {"integrationId": integration_id, "pointer": pointer})
    return None


async def _drop_ticket(context: CommandContext) -> Planned | None:
    ticket = next(one for one in context.facts.tickets if one.id == context.command.ticket_id)
    await delete_ticket(context.session, ticket.id)
    _increment_version(context)
    _audit(context, "ticket.unlinked", {"key": ticket.key, "url": ticket.url}, None)
    return None


async def _delete(context: CommandContext) -> Planned | None:
    _audit(context, "action_item.deleted", {"description": context.seen.item.description}, None)
    await context.session.flush()
    await action_items.delete_item(context.session, context.seen.item.id)
    return None


def _increment_version(context: CommandContext) -> None:
    context.seen.item.version += 1
    context.seen.item.updated_at = context.now


def _audit(
    context: CommandContext, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    item = context.seen.item
    audit(
        context.session,
        context.viewer,
        action,
        "action_item",
        item.id,
        postmortem_id=item.postmortem_id,
        before=before,
        after=after,
        at=context.now,
    )


_HANDLERS: dict[ActionItemAction, Callable[[CommandContext], Awaitable[Planned | None]]] = {
    ActionItemAction.CHANGE: _change,
    ActionItemAction.SNOOZE: _snooze,
    ActionItemAction.OPEN_TICKET: _open_ticket,
    ActionItemAction.DROP_TICKET: _drop_ticket,
    ActionItemAction.DELETE: _delete,
}

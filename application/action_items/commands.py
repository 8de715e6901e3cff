"""Commands to an action item: whether each is allowed now, and carrying it out in one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from application.action_items import tickets
from application.action_items.items import COLUMNS, apply_change, check_change, check_may_change
from application.action_items.snapshots import read_snapshot
from application.audit.audit_log import audit
from application.audit.command_log import is_committed, log_command
from application.escalation.reminders import plan_item_reminders
from domain import access
from domain.access import Verb, Viewer
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.action_items.snapshots import ActionItemSnapshot
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.queries import action_items
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.action_items import VisibleActionItem, get_visible_item
from models.queries.audit.command_log import take_arguments
from models.queries.tickets.tickets import delete_ticket
from models.session import Session


@dataclass(frozen=True, slots=True)
class CommandContext:
    """A command in its transaction. ``arguments`` are what was staged for it."""

    session: Session
    viewer: Viewer
    seen: VisibleActionItem
    command: ActionItemCommand
    arguments: Mapping[str, Any]
    now: datetime


async def commit_command(session: Session, command: ActionItemCommand, now: datetime) -> ActionItemSnapshot:
    """Carries the command out, unless its request was carried out before. Raises the refusal."""
    if not await is_committed(session, command.action_item_id, command.request_id, command.fingerprint):
        viewer = await get_viewer_unscoped(session, command.actor_id, command.origin)
        arguments = await take_arguments(session, command.request_id) if command.has_words else {}
        seen = await get_visible_item(session, viewer, command.action_item_id, lock=True)
        context = CommandContext(session, viewer, seen, command, arguments, now)
        await _check(context)
        await _HANDLERS[command.action](context)
        log_command(session, command.action_item_id, command)
        await session.flush()
    return await read_snapshot(session, command.action_item_id)


async def check_command(
    session: Session, viewer: Viewer, command: ActionItemCommand, arguments: Mapping[str, Any], now: datetime
) -> VisibleActionItem:
    """Returns the item. Raises the refusal of a command that is not possible now; writes nothing."""
    seen = await get_visible_item(session, viewer, command.action_item_id)
    await _check(CommandContext(session, viewer, seen, command, arguments, now))
    return seen


async def _check(context: CommandContext) -> None:
    seen, command = context.seen, context.command
    match command.action:
        case ActionItemAction.CHANGE:
            changes = _changed_columns(context.arguments)
            await check_change(context.session, seen, changes, context.arguments.get("reason"))
        case ActionItemAction.OPEN_TICKET:
            check_may_change(seen, "create a ticket for this action item")
            tickets.check_no_ticket(seen.item.tickets, command.integration_id)
        case ActionItemAction.DROP_TICKET:
            check_may_change(seen, "unlink a ticket from this action item")
            if command.ticket_id not in {one.id for one in seen.item.tickets}:
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


async def _change(context: CommandContext) -> None:
    changes, reason = _changed_columns(context.arguments), context.arguments.get("reason")
    await apply_change(context.session, context.viewer, context.seen.item, changes, reason=reason, now=context.now)


async def _snooze(context: CommandContext) -> None:
    item = context.seen.item
    _increment_version(context)
    before = item.snoozed_until.isoformat() if item.snoozed_until else None
    item.snoozed_until = context.command.until
    after = item.snoozed_until.isoformat() if item.snoozed_until else None
    _audit(context, "action_item.snoozed", {"snoozedUntil": before}, {"snoozedUntil": after})
    await context.session.flush()
    await plan_item_reminders(context.session, item.id, context.now)


async def _open_ticket(context: CommandContext) -> None:
    integration_id, pointer = context.command.integration_id or "", context.arguments.get("pointer")
    item, request_id = context.seen.item, context.command.request_id
    await tickets.add_ticket(context.session, item, integration_id, pointer, request_id, context.now)
    _increment_version(context)
    _audit(context, "ticket.requested", None, {"integrationId": integration_id, "pointer": pointer})


async def _drop_ticket(context: CommandContext) -> None:
    ticket = next(one for one in context.seen.item.tickets if one.id == context.command.ticket_id)
    await delete_ticket(context.session, ticket.id)
    _increment_version(context)
    _audit(context, "ticket.unlinked", {"key": ticket.key, "url": ticket.url}, None)


async def _delete(context: CommandContext) -> None:
    _audit(context, "action_item.deleted", {"description": context.seen.item.description}, None)
    await context.session.flush()
    await action_items.delete_item(context.session, context.seen.item.id)


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


_HANDLERS: dict[ActionItemAction, Callable[[CommandContext], Awaitable[None]]] = {
    ActionItemAction.CHANGE: _change,
    ActionItemAction.SNOOZE: _snooze,
    ActionItemAction.OPEN_TICKET: _open_ticket,
    ActionItemAction.DROP_TICKET: _drop_ticket,
    ActionItemAction.DELETE: _delete,
}

"""Builds the command that a request stands for, and has its workflow carry it out."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.request_context import RequestContext
from application.action_items import items
from application.commands import Command, is_to_send, stage
from application.tickets import batches
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from integrations import registry
from models.base import new_id
from models.queries.postmortems import postmortems


async def run_postmortem_command(
    context: RequestContext,
    postmortem_id: str,
    action: PostmortemAction,
    arguments: Mapping[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Has a postmortem's workflow carry the command out; ``fields`` are further ones of :class:`PostmortemCommand`.

    Raises the refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending.
    """
    given = without_none(arguments)
    await _run(context, postmortem_command(context, postmortem_id, action, given, **fields), given)


async def run_action_item_command(
    context: RequestContext,
    action_item_id: str,
    action: ActionItemAction,
    arguments: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    **fields: Any,
) -> None:
    """As :func:`run_postmortem_command`, for an action item. Raises StaleVersion, too."""
    given = dict(arguments or {})
    command = ActionItemCommand(
        action_item_id=action_item_id, action=action, has_words=bool(given), **_request(context), **fields
    )
    await _run(context, command, given, expected_version)


async def add_action_item(context: RequestContext, postmortem_id: str, columns: Mapping[str, Any]) -> str:
    """Adds an action item, and starts its workflow after the commit. Returns its id."""
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    item_id = new_id("ai")
    await items.add_item(context.session, context.viewer, seen, item_id, columns, context.now)
    context.after_commit.append(lambda: context.parts.dispatch.start_action_item(item_id))
    return item_id


async def change_action_item(
    context: RequestContext, item_id: str, changes: Mapping[str, Any], reason: str | None, expected: int | None
) -> None:
    """Text is written directly, even while Temporal is unavailable. Any other change is a command."""
    session, viewer = context.session, context.viewer
    if changes.keys() <= items.TEXT_COLUMNS:
        if await items.change_text(session, viewer, item_id, changes, expected, context.now):
            context.after_commit.append(lambda: context.parts.dispatch.start_action_item(item_id))
        return
    due_on = changes.get("due_on")
    staged = dict(changes) | ({"due_on": due_on.isoformat()} if due_on else {})
    arguments = {"changes": staged} | ({"reason": reason} if reason else {})
    await run_action_item_command(context, item_id, ActionItemAction.CHANGE, arguments, expected)


async def open_tickets(
    context: RequestContext, postmortem_id: str, integration_id: str | None, item_ids: Sequence[str] | None
) -> None:
    """Requests tickets for many action items, and starts the batch's workflow after the commit."""
    kinds = registry.tracker_kinds()
    batch_id = await batches.open_tickets(
        context.session, context.viewer, postmortem_id, kinds, integration_id, item_ids, context.now
    )
    context.after_commit.append(lambda: context.parts.dispatch.start_ticket_batch(batch_id))


async def _run(
    context: RequestContext, command: Command, arguments: Mapping[str, Any], expected_version: int | None = None
) -> None:
    """Checks the command in the request's transaction, which ends before the workflow is awaited.

    Raises TooManyCommands and IdempotencyKeyInUse, too.
    """
    session, viewer = context.session, context.viewer
    async with context.parts.command_queue.turn(viewer.person_id, context.between_transactions):
        is_new = await is_to_send(
            session,
            viewer,
            command,
            arguments,
            context.now,
            may_be_repeat=context.key is not None,
            expected_version=expected_version,
        )
        if is_new:
            await send(context, command, arguments)


async def send(context: RequestContext, command: Command, arguments: Mapping[str, Any]) -> None:
    """Stages what was checked in the request's transaction, ends that, and has the workflow carry the command out."""
    await stage(context.session, command, arguments)
    context.is_claimed = True
    sender = context.parts.commands
    context.version_after = await context.between_transactions(lambda: sender.send(command))


def without_none(arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (arguments or {}).items() if value is not None}


def postmortem_command(
    context: RequestContext, postmortem_id: str, action: PostmortemAction, arguments: Mapping[str, Any], **fields: Any
) -> PostmortemCommand:
    return PostmortemCommand(
        postmortem_id=postmortem_id, action=action, has_words=bool(arguments), **_request(context), **fields
    )


def _request(context: RequestContext) -> dict[str, Any]:
    return {
        "request_id": context.request_id,
        "actor_id": context.viewer.person_id,
        "origin": context.viewer.origin,
        "fingerprint": context.fingerprint.hex()[:32],
    }

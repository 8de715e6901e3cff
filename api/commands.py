"""Commands of a request: made of what it asks for, checked, and sent to the workflow."""

from collections.abc import Mapping
from typing import Any

from api.request_context import RequestContext
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.postmortems.commands import PostmortemAction, PostmortemCommand


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
    **fields: Any,
) -> None:
    """As :func:`run_postmortem_command`, for an action item."""
    given = dict(arguments or {})
    command = ActionItemCommand(
        action_item_id=action_item_id, action=action, has_words=bool(given), **_request(context), **fields
    )
    await _run(context, command, given)


async def _run(
    context: RequestContext, command: PostmortemCommand | ActionItemCommand, arguments: Mapping[str, Any]
) -> None:
    repeat = context.key is not None
    await context.parts.commands.run(
        context.session, context.viewer, command, arguments, context.now, may_be_repeat=repeat
    )


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

"""Commands to workflows: refused early where the row already says no, then sent, then answered from the row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.request_context import RequestContext
from domain.postmortems.commands import ActionItemAction, ActionItemCommand, PostmortemAction, PostmortemCommand
from models.queries.postmortems import postmortems
from models.queries.review import commands
from models.session import Session


async def move(
    context: RequestContext,
    postmortem_id: str,
    action: PostmortemAction,
    words: Mapping[str, Any] | None = None,
    **asked: Any,
) -> None:
    """Has a postmortem's workflow carry the command out; ``asked`` are further fields of :class:`PostmortemCommand`.

    Raises the refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending.
    """
    told = said(words)
    command = postmortem_command(context, postmortem_id, action, told, **asked)
    repeat = context.key is not None
    await context.parts.commands.move(context.session, context.viewer, command, told, context.now, may_be_repeat=repeat)


def said(words: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (words or {}).items() if value is not None}


def postmortem_command(
    context: RequestContext, postmortem_id: str, action: PostmortemAction, told: Mapping[str, Any], **asked: Any
) -> PostmortemCommand:
    return PostmortemCommand(
        postmortem_id=postmortem_id,
        action=action,
        request_id=context.request_id,
        actor_id=context.viewer.person_id,
        origin=context.viewer.origin,
        fingerprint=context.fingerprint.hex()[:32],
        has_words=bool(told),
        **asked,
    )


async def check(context: RequestContext, session: Session, command: PostmortemCommand, told: Mapping[str, Any]) -> None:
    """Refuses, without Temporal, what the row in that session refuses."""
    seen = await postmortems.get_visible(session, context.viewer, command.postmortem_id)
    await commands.check(commands.Asked(session, context.viewer, seen, command, told, context.now))


async def change_item(
    context: RequestContext,
    item_id: str,
    action: ActionItemAction,
    words: Mapping[str, Any] | None = None,
    *,
    integration_id: str | None = None,
    ticket_id: str | None = None,
    until: datetime | None = None,
) -> None:
    """As :func:`move`, for an action item."""
    told = dict(words or {})
    command = ActionItemCommand(
        action_item_id=item_id,
        action=action,
        request_id=context.request_id,
        actor_id=context.viewer.person_id,
        origin=context.viewer.origin,
        fingerprint=context.fingerprint.hex()[:32],
        integration_id=integration_id,
        ticket_id=ticket_id,
        until=until,
        has_words=bool(told),
    )
    repeat = context.key is not None
    await context.parts.commands.change_item(
        context.session, context.viewer, command, told, context.now, may_be_repeat=repeat
    )

"""Commands to workflows: refused early where the row already says no, then sent, then answered from the row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.request_context import Unit
from domain.postmortems.commands import ActionItemAction, ActionItemCommand, PostmortemAction, PostmortemCommand
from models.queries.postmortems import postmortems
from models.queries.review import commands
from models.session import Session


async def move(
    unit: Unit, postmortem_id: str, action: PostmortemAction, words: Mapping[str, Any] | None = None, **asked: Any
) -> None:
    """Has a postmortem's workflow carry the command out; ``asked`` are further fields of :class:`PostmortemCommand`.

    Raises the refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending.
    """
    told = said(words)
    command = postmortem_command(unit, postmortem_id, action, told, **asked)
    repeat = unit.key is not None
    await unit.parts.commands.move(unit.session, unit.viewer, command, told, unit.now, may_be_repeat=repeat)


def said(words: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (words or {}).items() if value is not None}


def postmortem_command(
    unit: Unit, postmortem_id: str, action: PostmortemAction, told: Mapping[str, Any], **asked: Any
) -> PostmortemCommand:
    return PostmortemCommand(
        postmortem_id=postmortem_id,
        action=action,
        request_id=unit.request_id,
        actor_id=unit.viewer.person_id,
        origin=unit.viewer.origin,
        fingerprint=unit.fingerprint.hex()[:32],
        has_words=bool(told),
        **asked,
    )


async def check(unit: Unit, session: Session, command: PostmortemCommand, told: Mapping[str, Any]) -> None:
    """Refuses, without Temporal, what the row in that session refuses."""
    seen = await postmortems.get_seen(session, unit.viewer, command.postmortem_id)
    await commands.check(commands.Asked(session, unit.viewer, seen, command, told, unit.now))


async def change_item(
    unit: Unit,
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
        request_id=unit.request_id,
        actor_id=unit.viewer.person_id,
        origin=unit.viewer.origin,
        fingerprint=unit.fingerprint.hex()[:32],
        integration_id=integration_id,
        ticket_id=ticket_id,
        until=until,
        has_words=bool(told),
    )
    repeat = unit.key is not None
    await unit.parts.commands.change_item(unit.session, unit.viewer, command, told, unit.now, may_be_repeat=repeat)

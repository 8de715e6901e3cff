"""Commands to workflows: refused early where the row already says no, then sent, then answered from the row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.unit import Unit
from domain.commands import ActionItemAction, ActionItemCommand, PostmortemAction, PostmortemCommand
from models.queries import action_items, moves, postmortems, records
from models.session import Session


async def move(
    unit: Unit, postmortem_id: str, action: PostmortemAction, words: Mapping[str, Any] | None = None, **asked: Any
) -> None:
    """Has a postmortem's workflow carry the command out; ``asked`` are further fields of :class:`PostmortemCommand`.

    Raises the refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending.
    """
    told = said(words)
    command = postmortem_command(unit, postmortem_id, action, told, **asked)
    if not await was_committed(unit, command):
        await check(unit, unit.session, command, told)
        await unit.run_postmortem(command, told)


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


async def was_committed(unit: Unit, command: PostmortemCommand) -> bool:
    if unit.key is None:
        return False
    return await records.is_committed(unit.session, command.postmortem_id, command.request_id, command.fingerprint)


async def check(unit: Unit, session: Session, command: PostmortemCommand, told: Mapping[str, Any]) -> None:
    """Refuses, without Temporal, what the row in that session refuses."""
    seen = await postmortems.get_seen(session, unit.viewer, command.postmortem_id)
    await moves.check(moves.Asked(session, unit.viewer, seen, command, told, unit.now))


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
    if unit.key and await records.is_committed(unit.session, item_id, command.request_id, command.fingerprint):
        return
    seen = await action_items.get_seen_item(unit.session, unit.viewer, item_id)
    await action_items.check(action_items.Asked(unit.session, unit.viewer, seen, command, told, unit.now))
    await unit.run_action_item(command, told)

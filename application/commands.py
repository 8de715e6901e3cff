"""Commands that people give, through whichever door: checked against the row, staged, then sent to their workflow.

The API and the chat both come here, so that both drive the workflows in the same way. Check and staging are one
transaction of the caller. It ends before the command is sent, so that no connection is held while a workflow runs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from application.action_items import commands as action_item_commands
from application.action_items.commands import CommandContext
from application.action_items.items import check_version
from application.audit import command_log
from application.review import commands as review_commands
from application.review.context import PostmortemCommandContext
from domain.access import Viewer
from domain.action_items.commands import ActionItemCommand
from domain.errors import DomainError, NotFound
from domain.postmortems.commands import PostmortemCommand
from models.queries.action_items import ItemFacts, VisibleActionItem
from models.queries.audit import command_log as command_queries
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.facts import ReviewFacts
from models.session import Session, Sessions

Command = PostmortemCommand | ActionItemCommand


class CommandSender(Protocol):
    """Sends commands to workflows."""

    async def send_command(self, command: Command) -> int:
        """Waits until the workflow has carried the command out, and returns the row's version after it.

        Raises its refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending.
        """


class Commands:
    """Sends what was staged. Raises the refusal, and what :class:`CommandSender` raises."""

    def __init__(self, sessions: Sessions, sender: CommandSender) -> None:
        self._sessions = sessions
        self._sender = sender

    async def send(self, command: Command) -> int | None:
        """Has the workflow carry the command out; the row's version after it, if it is known.

        A repeat whose first sending went through may be refused by the workflow; that refusal is not raised.
        """
        try:
            return await self._sender.send_command(command)
        except DomainError:
            async with self._sessions.begin() as session:
                if await _was_committed(session, command):
                    return None
                await command_queries.release_claim(session, command.request_id)
            raise


async def is_to_send(
    session: Session,
    viewer: Viewer,
    command: Command,
    arguments: Mapping[str, Any],
    now: datetime,
    *,
    may_be_repeat: bool,
    expected_version: int | None = None,
) -> bool:
    """Raises the refusal. False for a repeat of what was carried out.

    Raises StaleVersion if a version is expected of the action item, and it has another one.
    """
    try:
        facts = await _read_facts(session, viewer, command, arguments)
    except NotFound:
        if may_be_repeat and await _was_committed(session, command):
            return False  # it was deleted, or is hidden now
        raise
    if may_be_repeat and command_log.is_repeat(facts.carried_out, command.fingerprint):
        return False
    if isinstance(facts, ItemFacts):
        check_version(facts.seen, expected_version)
    _check(session, viewer, facts, command, arguments, now)
    return True


async def check(
    session: Session, viewer: Viewer, command: Command, arguments: Mapping[str, Any], now: datetime
) -> VisiblePostmortem | VisibleActionItem:
    """Raises what the row in that session refuses, without asking the workflow. Returns what the command is about."""
    facts = await _read_facts(session, viewer, command, arguments)
    _check(session, viewer, facts, command, arguments, now)
    return facts.seen if isinstance(facts, ItemFacts) else facts.visible


async def _read_facts(
    session: Session, viewer: Viewer, command: Command, arguments: Mapping[str, Any]
) -> ReviewFacts | ItemFacts:
    if isinstance(command, PostmortemCommand):
        return await review_commands.read_facts(session, viewer, command)
    return await action_item_commands.read_facts(session, viewer, command, arguments)


def _check(
    session: Session,
    viewer: Viewer,
    facts: ReviewFacts | ItemFacts,
    command: Command,
    arguments: Mapping[str, Any],
    now: datetime,
) -> None:
    if isinstance(command, PostmortemCommand) and isinstance(facts, ReviewFacts):
        review_commands.check(PostmortemCommandContext(session, viewer, facts, command, arguments, now))
    elif isinstance(command, ActionItemCommand) and isinstance(facts, ItemFacts):
        action_item_commands.check(CommandContext(session, viewer, facts, command, arguments, now))


async def stage(session: Session, command: Command, arguments: Mapping[str, Any]) -> None:
    """Stores the texts of a command that is sent once the transaction is over."""
    await command_log.claim_request(session, command.actor_id, command.request_id, arguments)


async def stage_again(session: Session, command: Command, arguments: Mapping[str, Any]) -> None:
    """Like :func:`stage`, for a command that only its sender sends, again and again until it is carried out."""
    await command_queries.stage_command(
        session, command.request_id, command.actor_id, arguments, seconds=None, most=None
    )


async def _was_committed(session: Session, command: Command) -> bool:
    entity_id = command.postmortem_id if isinstance(command, PostmortemCommand) else command.action_item_id
    return await command_log.is_committed(session, entity_id, command.request_id, command.fingerprint)

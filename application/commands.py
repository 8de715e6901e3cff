"""Commands that people give, through whichever door: checked against the row, their text staged, then sent.

The API and the chat both come here, so that both drive the workflows in the same way.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from application.action_items import commands as action_item_commands
from application.audit import command_log
from application.review import commands as review_commands
from application.review.context import PostmortemCommandContext
from domain.access import Viewer
from domain.action_items.commands import ActionItemCommand
from domain.errors import DomainError
from domain.postmortems.commands import PostmortemCommand
from models.queries.action_items import VisibleActionItem
from models.queries.audit import command_log as command_queries
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session, Sessions

Command = PostmortemCommand | ActionItemCommand


class CommandSender(Protocol):
    """Sends commands to workflows."""

    async def send_command(self, command: Command) -> None:
        """Waits until the workflow has carried the command out.

        Raises its refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending.
        """


class Commands:
    """Each method raises the refusal, and what :class:`CommandSender` raises."""

    def __init__(self, sessions: Sessions, sender: CommandSender) -> None:
        self._sessions = sessions
        self._sender = sender

    async def run(
        self,
        session: Session,
        viewer: Viewer,
        command: Command,
        arguments: Mapping[str, Any],
        now: datetime,
        *,
        may_be_repeat: bool,
    ) -> None:
        """Checks the command and has the workflow carry it out, unless it was carried out before."""
        if await is_to_send(session, viewer, command, arguments, now, may_be_repeat=may_be_repeat):
            await self.send(command, arguments)

    async def send(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Has the workflow carry out what was checked.

        A repeat whose first sending went through may be refused by the workflow; that refusal is not raised.
        """
        if command.has_words:
            async with self._sessions.begin() as session:
                await command_queries.stage_arguments(session, command.request_id, arguments)
        try:
            await self._sender.send_command(command)
        except DomainError:
            async with self._sessions.begin() as session:
                if not await _was_committed(session, command):
                    raise


async def is_to_send(
    session: Session,
    viewer: Viewer,
    command: Command,
    arguments: Mapping[str, Any],
    now: datetime,
    *,
    may_be_repeat: bool,
) -> bool:
    """Raises the refusal. False for a repeat of what was carried out.

    A caller that queues closes the session before it sends the command.
    """
    if may_be_repeat and await _was_committed(session, command):
        return False
    await check(session, viewer, command, arguments, now)
    return True


async def check(
    session: Session, viewer: Viewer, command: Command, arguments: Mapping[str, Any], now: datetime
) -> VisiblePostmortem | VisibleActionItem:
    """Raises what the row in that session refuses, without asking the workflow. Returns what the command is about."""
    if isinstance(command, PostmortemCommand):
        visible = await postmortems.get_visible(session, viewer, command.postmortem_id)
        await review_commands.check(PostmortemCommandContext(session, viewer, visible, command, arguments, now))
        return visible
    return await action_item_commands.check_command(session, viewer, command, arguments, now)


async def _was_committed(session: Session, command: Command) -> bool:
    entity_id = command.postmortem_id if isinstance(command, PostmortemCommand) else command.action_item_id
    return await command_log.is_committed(session, entity_id, command.request_id, command.fingerprint)

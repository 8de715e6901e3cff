"""Commands of people, whichever door they came through: refused where the row says no, their words staged beside it,
then sent to the workflow. The API and the chat front end ask here, so that both drive the workflows alike.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from domain.access import Viewer
from domain.errors import DomainError
from domain.postmortems.commands import ActionItemCommand, PostmortemCommand
from models.queries import action_items
from models.queries.audit import records
from models.queries.postmortems import postmortems
from models.queries.review import commands
from models.session import Session, Sessions
from runtime.dispatch import Dispatch

Command = PostmortemCommand | ActionItemCommand


class Commands:
    """Each raises the refusal; WorkflowsUnavailable, WorkersUnavailable, StoreUnavailable or Pending."""

    def __init__(self, sessions: Sessions, dispatch: Dispatch) -> None:
        self._sessions = sessions
        self._dispatch = dispatch

    async def move(
        self,
        session: Session,
        viewer: Viewer,
        command: PostmortemCommand,
        words: Mapping[str, Any],
        now: datetime,
        *,
        may_be_repeat: bool,
    ) -> None:
        """Has a postmortem's workflow carry the command out, unless this is a repeat of what was carried out."""
        if await self.is_to_move(session, viewer, command, words, now, may_be_repeat=may_be_repeat):
            await self.run_postmortem(command, words)

    async def change_item(
        self,
        session: Session,
        viewer: Viewer,
        command: ActionItemCommand,
        words: Mapping[str, Any],
        now: datetime,
        *,
        may_be_repeat: bool,
    ) -> None:
        """As :meth:`move`, for an action item."""
        if await self.is_to_change(session, viewer, command, words, now, may_be_repeat=may_be_repeat):
            await self.run_action_item(command, words)

    async def is_to_move(
        self,
        session: Session,
        viewer: Viewer,
        command: PostmortemCommand,
        words: Mapping[str, Any],
        now: datetime,
        *,
        may_be_repeat: bool,
    ) -> bool:
        """Raises the refusal; False for a repeat. Whoever waits in a queue closes the session before it is sent."""
        if may_be_repeat and await _was_committed(session, command.postmortem_id, command):
            return False
        seen = await postmortems.get_visible(session, viewer, command.postmortem_id)
        await commands.check(commands.Asked(session, viewer, seen, command, words, now))
        return True

    async def is_to_change(
        self,
        session: Session,
        viewer: Viewer,
        command: ActionItemCommand,
        words: Mapping[str, Any],
        now: datetime,
        *,
        may_be_repeat: bool,
    ) -> bool:
        """As :meth:`is_to_move`."""
        if may_be_repeat and await _was_committed(session, command.action_item_id, command):
            return False
        seen = await action_items.get_visible_item(session, viewer, command.action_item_id)
        await action_items.check(action_items.Asked(session, viewer, seen, command, words, now))
        return True

    async def run_postmortem(self, command: PostmortemCommand, words: Mapping[str, Any]) -> None:
        """Sends what was checked."""
        await self._staged(command, words)
        await self._carried_out(command.postmortem_id, command, lambda: self._dispatch.command_postmortem(command))

    async def run_action_item(self, command: ActionItemCommand, words: Mapping[str, Any]) -> None:
        await self._staged(command, words)
        await self._carried_out(command.action_item_id, command, lambda: self._dispatch.command_action_item(command))

    async def _staged(self, command: Command, words: Mapping[str, Any]) -> None:
        if command.has_words:
            async with self._sessions.begin() as session:
                await records.stage_arguments(session, command.request_id, words)

    async def _carried_out(self, entity_id: str, command: Command, send: Callable[[], Awaitable[None]]) -> None:
        """A repeat that is refused because its first sending went through is not refused."""
        try:
            await send()
        except DomainError:
            async with self._sessions.begin() as session:
                if not await _was_committed(session, entity_id, command):
                    raise


async def _was_committed(session: Session, entity_id: str, command: Command) -> bool:
    return await records.is_committed(session, entity_id, command.request_id, command.fingerprint)

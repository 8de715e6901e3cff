"""What an action item's workflow does to the database. Each is one transaction and may run twice."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from domain.commands import ActionItemCommand
from domain.snapshots import ActionItemSnapshot
from models.queries import action_items
from models.session import Sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CommitActionItemCommand:
    """``at`` is the workflow's own time of the command."""

    command: ActionItemCommand
    at: datetime


@dataclass(frozen=True, slots=True)
class NudgeForOverdue:
    action_item_id: str
    at: datetime


class ActionItemActivities:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn
    async def load_action_item(self, action_item_id: str) -> ActionItemSnapshot:
        """The row as a snapshot; notes that its workflow runs, which takes it out of the outbox."""
        async with transaction(self._sessions) as session:
            await action_items.mark_started(session, action_item_id)
            return await action_items.snapshot(session, action_item_id)

    @activity.defn
    async def commit_action_item_command(self, given: CommitActionItemCommand) -> ActionItemSnapshot:
        """The commit point of a command. Raises its refusal."""
        async with transaction(self._sessions) as session:
            snapshot = await action_items.commit(session, given.command, given.at)
        log.info(
            "action item command committed",
            action_item_id=given.command.action_item_id,
            action=given.command.action,
            actor_id=given.command.actor_id,
            status=snapshot.status,
        )
        return snapshot

    @activity.defn
    async def nudge_for_overdue(self, given: NudgeForOverdue) -> ActionItemSnapshot:
        """Reads the facts again and tells whoever owes the item, once for each due date."""
        async with transaction(self._sessions) as session:
            told = await action_items.nudge_for_overdue(session, given.action_item_id, given.at)
            snapshot = await action_items.snapshot(session, given.action_item_id)
        if told:
            log.info("overdue item nudged", action_item_id=given.action_item_id, to=told, channel="inbox")
        return snapshot

"""What an action item's workflow does to the database. Each is one transaction and may run twice."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from application.action_items.commands import commit_command
from application.action_items.snapshots import read_snapshot
from application.escalation import reminders
from domain.action_items.commands import ActionItemCommand
from domain.action_items.snapshots import ActionItemSnapshot
from models.queries import action_items
from models.session import Sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CommitActionItemCommand:
    """``at`` is the workflow's own time of the command."""

    command: ActionItemCommand
    at: datetime


@dataclass(frozen=True, slots=True)
class LoadActionItem:
    action_item_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NudgeForOverdue:
    action_item_id: str
    at: datetime


class ActionItemActivities:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn
    async def load_action_item(self, given: LoadActionItem | str) -> ActionItemSnapshot:
        """The row as a snapshot, and when somebody is to be asked next; notes that its workflow runs, which takes it
        out of the outbox. An id alone is what a workflow sent before there was a ladder."""
        if isinstance(given, str):
            given = LoadActionItem(given, datetime.now(UTC))
        async with transaction(self._sessions) as session:
            await action_items.mark_started(session, given.action_item_id)
            await reminders.plan_item_reminders(session, given.action_item_id, given.at)
            return await read_snapshot(session, given.action_item_id)

    @activity.defn
    async def commit_action_item_command(self, given: CommitActionItemCommand) -> ActionItemSnapshot:
        """The commit point of a command. Raises its refusal."""
        async with transaction(self._sessions) as session:
            snapshot = await commit_command(session, given.command, given.at)
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
        """Reads the facts again and asks whom the ladder names by now, each for each rung once."""
        async with transaction(self._sessions) as session:
            told = await reminders.send_item_reminders(session, given.action_item_id, given.at)
            snapshot = await read_snapshot(session, given.action_item_id)
        for one in told:
            log.info("asked", action_item_id=given.action_item_id, step=one.step, to=one.to)
        return snapshot

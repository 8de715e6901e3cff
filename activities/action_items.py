"""What an action item's workflow does in the database. Each activity is one transaction, and may run twice."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from application.action_items.commands import commit_command
from application.action_items.snapshots import read_snapshot, snapshot_of
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
class SendActionItemReminders:
    action_item_id: str
    at: datetime


class ActionItemActivities:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn
    async def load_action_item(self, given: LoadActionItem | str) -> ActionItemSnapshot:
        """Returns the row as a snapshot, and sets when the next reminder is due. Marks that the workflow runs, which
        takes the row out of the outbox. Workflows of the first versions sent an id alone."""
        if isinstance(given, str):
            given = LoadActionItem(given, datetime.now(UTC))
        async with transaction(self._sessions) as session:
            await action_items.mark_started(session, given.action_item_id)
            planned = await reminders.plan_item_reminders(session, given.action_item_id, given.at)
            if planned is None:
                return await read_snapshot(session, given.action_item_id)
            return await snapshot_of(session, planned.facts, planned.alarm)

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

    @activity.defn(name="nudge_for_overdue")
    async def send_action_item_reminders(self, given: SendActionItemReminders) -> ActionItemSnapshot:
        """Reads the facts again and sends every reminder that is due, each step once to each receiver."""
        async with transaction(self._sessions) as session:
            sent = await reminders.send_item_reminders(session, given.action_item_id, given.at)
            snapshot = await read_snapshot(session, given.action_item_id)
        for one in sent:
            log.info("reminder sent", action_item_id=given.action_item_id, step=one.step, to=one.to)
        return snapshot

"""What a postmortem's workflow does in the database. Each activity is one transaction, and may run twice."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from application.escalation import reminders
from application.review import commands
from application.review.snapshots import snapshot_of
from domain.postmortems.commands import PostmortemCommand
from domain.postmortems.snapshots import PostmortemSnapshot
from models.queries.postmortems import snapshots
from models.session import Sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CommitPostmortemCommand:
    """``at`` is the workflow's own time of the command."""

    command: PostmortemCommand
    at: datetime


@dataclass(frozen=True, slots=True)
class LoadPostmortem:
    postmortem_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SendPostmortemReminders:
    """``target`` is what the timer was for; every reminder that is due by ``at`` is sent."""

    postmortem_id: str
    target: str
    at: datetime


class PostmortemActivities:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn
    async def load_postmortem(self, given: LoadPostmortem | str) -> PostmortemSnapshot:
        """Returns the row as a snapshot, and sets when the next reminder is due. Marks that the workflow runs, which
        takes the row out of the outbox. Workflows of the first versions sent an id alone."""
        if isinstance(given, str):
            given = LoadPostmortem(given, datetime.now(UTC))
        async with transaction(self._sessions) as session:
            await snapshots.mark_workflow_started(session, given.postmortem_id)
            planned = await reminders.plan_postmortem_reminders(session, given.postmortem_id, given.at)
            return snapshot_of(given.postmortem_id, planned)

    @activity.defn
    async def commit_postmortem_command(self, given: CommitPostmortemCommand) -> PostmortemSnapshot:
        """The commit point of a command. Raises its refusal, with all reasons."""
        async with transaction(self._sessions) as session:
            snapshot = await commands.commit(session, given.command, given.at)
        log.info(
            "postmortem command committed",
            postmortem_id=given.command.postmortem_id,
            action=given.command.action,
            actor_id=given.command.actor_id,
            status=snapshot.status,
        )
        return snapshot

    @activity.defn(name="nudge_for_target")
    async def send_postmortem_reminders(self, given: SendPostmortemReminders) -> PostmortemSnapshot:
        """Reads the facts again and sends every reminder that is due, each step once to each receiver."""
        async with transaction(self._sessions) as session:
            sent = await reminders.send_postmortem_reminders(session, given.postmortem_id, given.at)
            snapshot = await snapshots.read_snapshot(session, given.postmortem_id)
        for one in sent:
            log.info("reminder sent", postmortem_id=given.postmortem_id, target=one.target, step=one.step, to=one.to)
        return snapshot

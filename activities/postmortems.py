"""What a postmortem's workflow does to the database. Each is one transaction and may run twice."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from domain.commands import PostmortemCommand
from domain.snapshots import PostmortemSnapshot
from models.queries import moves
from models.session import Sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CommitPostmortemCommand:
    """``at`` is the workflow's own time of the command."""

    command: PostmortemCommand
    at: datetime


@dataclass(frozen=True, slots=True)
class NudgeForTarget:
    postmortem_id: str
    target: str
    at: datetime


class PostmortemActivities:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn
    async def load_postmortem(self, postmortem_id: str) -> PostmortemSnapshot:
        """The row as a snapshot; notes that its workflow runs, which takes it out of the outbox."""
        async with transaction(self._sessions) as session:
            await moves.mark_started(session, postmortem_id)
            return await moves.snapshot(session, postmortem_id)

    @activity.defn
    async def commit_postmortem_command(self, given: CommitPostmortemCommand) -> PostmortemSnapshot:
        """The commit point of a command. Raises its refusal, with all reasons."""
        async with transaction(self._sessions) as session:
            snapshot = await moves.commit(session, given.command, given.at)
        log.info(
            "postmortem command committed",
            postmortem_id=given.command.postmortem_id,
            action=given.command.action,
            actor_id=given.command.actor_id,
            status=snapshot.status,
        )
        return snapshot

    @activity.defn
    async def nudge_for_target(self, given: NudgeForTarget) -> PostmortemSnapshot:
        """Reads the facts again and tells whoever owes the target, once for each due instant."""
        async with transaction(self._sessions) as session:
            told = await moves.nudge_for_target(session, given.postmortem_id, given.target, given.at)
            snapshot = await moves.snapshot(session, given.postmortem_id)
        if told:
            log.info("target nudged", postmortem_id=given.postmortem_id, target=given.target, to=told, channel="inbox")
        return snapshot

"""The workflow of one postmortem.

States: those of the row (``domain.postmortems.lifecycle``), kept as a snapshot; it ends when the postmortem is archived
or deleted. Messages: update ``command`` (a person or program waits for the answer), signal ``look_again`` (the row
changed without a command: its text was edited, a report refreshed it), query ``state`` (for operators).

The database is the record. This workflow decides the order of commands and keeps the time: it has one timer, for when
the next reminder is due (``domain.escalation.reminders``). When the timer fires, the facts are read again.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.postmortems import (
        CommitPostmortemCommand,
        LoadPostmortem,
        PostmortemActivities,
        SendPostmortemReminders,
    )
    from domain.escalation.deadlines import Deadline
    from domain.postmortems import lifecycle
    from domain.postmortems.commands import PostmortemCommand
    from domain.postmortems.snapshots import PostmortemSnapshot
    from workflows.entity import EntityWorkflow
    from workflows.refusals import refusals
    from workflows.store import commit, patiently


@dataclass(frozen=True, slots=True)
class PostmortemStart:
    """``snapshot`` is carried over by continue-as-new; a new workflow reads the row. ``searchable`` as in
    :class:`workflows.entity.EntityWorkflow`."""

    postmortem_id: str
    snapshot: PostmortemSnapshot | None = None
    searchable: bool = True

    @classmethod
    def new(cls, postmortem_id: str, snapshot: PostmortemSnapshot | None = None) -> "PostmortemStart":
        return cls(postmortem_id, snapshot, searchable=False)


@workflow.defn
class PostmortemWorkflow(EntityWorkflow[PostmortemSnapshot]):
    @workflow.init
    def __init__(self, start: PostmortemStart) -> None:
        super().__init__(start.postmortem_id, start.snapshot, searchable=start.searchable)

    @workflow.run
    async def run(self, start: PostmortemStart) -> None:  # noqa: ARG002 - read in __init__
        while True:
            if self._stale:
                await self._load()
            elif self._is_over():
                await workflow.wait_condition(workflow.all_handlers_finished)
                if self._is_over():
                    return
            elif (look := self._next_look()) and look.at <= workflow.now():
                await self._remind(look)
            elif self._may_continue_as_new():
                await workflow.wait_condition(workflow.all_handlers_finished)
                kept = None if self._stale else self._snapshot
                workflow.continue_as_new(PostmortemStart(self._id, kept, self._searchable))
            else:
                await self._wait(look, f"reminder: {look.name}" if look else "")

    @workflow.update
    async def command(self, command: PostmortemCommand) -> PostmortemSnapshot:
        """Carries a command out and answers with the state after it; fails with the refusal's code and facts."""
        return await self._carry_out(command)

    @command.validator
    def refuse_impossible(self, command: PostmortemCommand) -> None:
        """Refuses transitions that the current status does not have, without reading the row."""
        if command.action.transition is not None and self._snapshot is not None and not self._stale:
            with refusals():
                lifecycle.next_status(self._snapshot.status, command.action.transition)

    @workflow.query
    def state(self) -> PostmortemSnapshot | None:
        return self._snapshot

    async def _read_row(self) -> PostmortemSnapshot:
        given = LoadPostmortem(self._id, workflow.now())
        return await patiently(PostmortemActivities.load_postmortem, given, "read the row")

    async def _commit(self, command: PostmortemCommand) -> PostmortemSnapshot:
        given = CommitPostmortemCommand(command, workflow.now())
        return await commit(PostmortemActivities.commit_postmortem_command, given, command.action)

    async def _send_reminders(self, look: Deadline) -> PostmortemSnapshot:
        given = SendPostmortemReminders(self._id, look.name, workflow.now())
        summary = f"{look.name}: read who to remind"
        return await patiently(PostmortemActivities.send_postmortem_reminders, given, summary)

    def _details(self, snapshot: PostmortemSnapshot) -> str:
        deadline = snapshot.next_deadline
        due = f"{deadline.name} is due {deadline.at.isoformat()}" if deadline else "nothing is due"
        return f"Postmortem #{snapshot.number} is **{snapshot.status}** (version {snapshot.version}); {due}."

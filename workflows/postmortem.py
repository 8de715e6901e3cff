"""The workflow of one postmortem.

States: those of the row (``domain.postmortems.lifecycle``), kept as a snapshot; ends when the postmortem is archived
or deleted. Messages: update ``command`` (a person or program wants an answer), signal ``look_again`` (the row
changed without a command: its text was edited, a report refreshed it), query ``state`` (for operators).

The row is the record. This workflow decides the order of commands and keeps the time: one timer, for when somebody is
to be asked next (``domain.escalation.reminders``). When it fires, the facts are read again.
"""

import asyncio
from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.postmortems import CommitPostmortemCommand, LoadPostmortem, NudgeForTarget, PostmortemActivities
    from domain.escalation.deadlines import Deadline
    from domain.postmortems import lifecycle
    from domain.postmortems.commands import PostmortemCommand
    from domain.postmortems.snapshots import PostmortemSnapshot
    from workflows.attributes import Attributes
    from workflows.refusals import refusals
    from workflows.store import StoreAway, commit, patiently


@dataclass(frozen=True, slots=True)
class PostmortemStart:
    """``snapshot`` is carried over by continue-as-new; a new workflow reads the row."""

    postmortem_id: str
    snapshot: PostmortemSnapshot | None = None


@workflow.defn
class PostmortemWorkflow:
    @workflow.init
    def __init__(self, start: PostmortemStart) -> None:
        self._id = start.postmortem_id
        self._snapshot = start.snapshot
        self._stale = start.snapshot is None
        self._lock = asyncio.Lock()
        self._shown: Attributes | None = None

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
                await self._nudge(look)
            elif workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(PostmortemStart(self._id, None if self._stale else self._snapshot))
            else:
                await self._wait(look)

    @workflow.update
    async def command(self, command: PostmortemCommand) -> PostmortemSnapshot:
        """Carries a command out and answers with the state after it; fails with the refusal's code and facts."""
        async with self._lock:
            try:
                given = CommitPostmortemCommand(command, workflow.now())
                snapshot = await commit(PostmortemActivities.commit_postmortem_command, given, command.action)
            except StoreAway:
                self._stale = True
                raise
            self._keep(snapshot)
        return snapshot

    @command.validator
    def refuse_impossible(self, command: PostmortemCommand) -> None:
        """A cheap refusal of moves that this state does not have; what else may stand in the way, the row knows."""
        if command.action.transition is not None and self._snapshot is not None and not self._stale:
            with refusals():
                lifecycle.next_status(self._snapshot.status, command.action.transition)

    @workflow.signal
    def look_again(self) -> None:
        self._stale = True

    @workflow.query
    def state(self) -> PostmortemSnapshot | None:
        return self._snapshot

    def _is_over(self) -> bool:
        return self._snapshot is not None and self._snapshot.is_over and not self._stale

    def _next_look(self) -> Deadline | None:
        return self._snapshot.next_look if self._snapshot else None

    async def _wait(self, look: Deadline | None) -> None:
        def moved() -> bool:
            return (
                self._stale
                or self._is_over()
                or self._next_look() != look
                or workflow.info().is_continue_as_new_suggested()
            )

        try:
            await workflow.wait_condition(
                moved,
                timeout=look.at - workflow.now() if look else None,
                timeout_summary=f"reminder: {look.name}" if look else None,
            )
        except TimeoutError:
            return

    async def _load(self) -> None:
        async with self._lock:
            self._stale = False
            given = LoadPostmortem(self._id, workflow.now())
            snapshot = await patiently(PostmortemActivities.load_postmortem, given, "read the row")
            self._keep(snapshot)

    async def _nudge(self, look: Deadline) -> None:
        async with self._lock:
            if self._next_look() != look:
                return
            given = NudgeForTarget(self._id, look.name, workflow.now())
            summary = f"{look.name}: read who to remind"
            snapshot = await patiently(PostmortemActivities.nudge_for_target, given, summary)
            self._keep(snapshot)

    def _keep(self, snapshot: PostmortemSnapshot) -> None:
        self._snapshot = snapshot
        deadline = snapshot.next_deadline
        shown = Attributes.of(snapshot.status if snapshot.exists else "DELETED", snapshot.team_ids, deadline)
        if shown != self._shown:
            workflow.upsert_search_attributes(shown.updates())
            self._shown = shown
        workflow.set_current_details(_details(snapshot, deadline))


def _details(snapshot: PostmortemSnapshot, deadline: Deadline | None) -> str:
    due = f"{deadline.name} is due {deadline.at.isoformat()}" if deadline else "nothing is due"
    return f"Postmortem #{snapshot.number} is **{snapshot.status}** (version {snapshot.version}); {due}."

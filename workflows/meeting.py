"""The workflow of a review meeting.

States: those of the row, which is the record; it ends when the meeting is held, cancelled, or over. It has one timer,
for the next reminder, the meeting's end, or the next look at its event in the calendar. Messages: signal ``look_again``
(something else was asked for).

Started from the row, by the id ``meeting-<id>``. A calendar that is away delays no reminder: telling it ends after a
few attempts, and begins again with the next look.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.meetings import MeetingActivities, MeetingAt, UntoldMeeting
    from workflows.queues import MEETINGS_QUEUE
    from workflows.refusals import failure_of
    from workflows.retries import MEETING, STORE_PATIENTLY
    from workflows.store import patiently

AGAIN = timedelta(minutes=5)
"""Until what could not be told is tried again."""


@dataclass(frozen=True, slots=True)
class MeetingStart:
    meeting_id: str


@workflow.defn
class MeetingWorkflow:
    @workflow.init
    def __init__(self, start: MeetingStart) -> None:
        self._id = start.meeting_id
        self._stale = True

    @workflow.run
    async def run(self, start: MeetingStart) -> None:
        while True:
            self._stale = False
            step = await patiently(MeetingActivities.keep_meeting, self._now(), "read what is due")
            wakes_at, is_told = step.next_at, True
            if step.tells or (step.checks and await self._check()):
                is_told = await self._tell()
            if not is_told:
                again = workflow.now() + AGAIN
                wakes_at = min(wakes_at, again) if wakes_at else again
            if wakes_at is None and not self._stale:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start)
            if wakes_at is not None:
                await self._wait(wakes_at)

    @workflow.signal
    def look_again(self) -> None:
        self._stale = True

    def _now(self) -> MeetingAt:
        return MeetingAt(self._id, workflow.now())

    async def _wait(self, until: datetime) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._stale, timeout=max(until - workflow.now(), timedelta(0)), timeout_summary="next look"
            )
        except TimeoutError:
            return

    async def _tell(self) -> bool:
        """Whether everybody was told."""
        try:
            while await workflow.execute_activity_method(
                MeetingActivities.tell_meeting,
                self._now(),
                task_queue=MEETINGS_QUEUE,
                summary="tell the calendar and the attendees",
                **MEETING,
            ):
                pass
        except FailureError as error:
            _, detail = failure_of(error)
            await workflow.execute_activity_method(
                MeetingActivities.note_untold,
                UntoldMeeting(self._id, detail),
                task_queue=MEETINGS_QUEUE,
                summary="say why it isn't told",
                **STORE_PATIENTLY,
            )
            return False
        return True

    async def _check(self) -> bool:
        """Whether there is something to tell. A calendar that is away is looked at next time."""
        try:
            return await workflow.execute_activity_method(
                MeetingActivities.check_meeting,
                self._now(),
                task_queue=MEETINGS_QUEUE,
                summary="look at the event",
                **MEETING,
            )
        except FailureError:
            return False

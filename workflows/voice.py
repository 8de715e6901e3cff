"""The one voice to a receiver: a person, or a team's channel.

States: waits until the next moment at which something may be told, which the database plans; ends when nothing waits.
A new notice starts it again, from its row: the notices are the outbox, this workflow only keeps the time and sends one
message after the other.
Messages: signal ``look_again`` (a notice was put there; preferences or absences have changed), query ``plan``.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.notifications.notices import Deliver, LookAt, NoticeActivities
    from domain.notifications.timing import Plan
    from workflows.queues import NOTIFY_QUEUE
    from workflows.retries import NOTIFY
    from workflows.store import patiently

BREATH = timedelta(minutes=1)
"""Before another try where there was nothing to send after all."""


@dataclass(frozen=True, slots=True)
class VoiceStart:
    """``plan`` is carried over by continue-as-new; a new workflow reads the rows."""

    receiver_id: str
    plan: Plan | None = None


@workflow.defn
class VoiceWorkflow:
    @workflow.init
    def __init__(self, start: VoiceStart) -> None:
        self._id = start.receiver_id
        self._plan = start.plan
        self._stale = start.plan is None
        self._not_before = workflow.now()

    @workflow.run
    async def run(self, start: VoiceStart) -> None:  # noqa: ARG002 - read in __init__
        while True:
            if self._stale or self._plan is None:
                await self._look()
            elif self._plan.at is None:
                return
            elif max(self._plan.at, self._not_before) <= workflow.now():
                await self._speak()
            elif workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(VoiceStart(self._id, self._plan))
            else:
                await self._wait()

    @workflow.signal
    def look_again(self) -> None:
        self._stale = True

    @workflow.query
    def plan(self) -> Plan | None:
        return self._plan

    async def _wait(self) -> None:
        if self._plan is None or self._plan.at is None:
            return
        until = max(self._plan.at, self._not_before)
        try:
            await workflow.wait_condition(
                lambda: self._stale or workflow.info().is_continue_as_new_suggested(),
                timeout=until - workflow.now(),
                timeout_summary="next message",
            )
        except TimeoutError:
            return

    async def _look(self) -> None:
        self._stale = False
        given = LookAt(self._id, workflow.now())
        self._plan = await patiently(NoticeActivities.plan_voice, given, "read what is pending")
        at = self._plan.at
        workflow.set_current_details(f"Next check at {at.isoformat()}." if at else "Nothing pending.")

    async def _speak(self) -> None:
        """One message; then the plan is made anew."""
        self._stale = True
        given = LookAt(self._id, workflow.now())
        message_id = await patiently(NoticeActivities.compose_message, given, "read what to send")
        is_told = message_id is not None and await self._deliver(message_id)
        if not is_told:
            self._not_before = workflow.now() + BREATH

    async def _deliver(self, message_id: str) -> bool:
        try:
            delivered = await workflow.execute_activity_method(
                NoticeActivities.deliver_message,
                Deliver(message_id, workflow.now()),
                task_queue=NOTIFY_QUEUE,
                summary="send the message",
                **NOTIFY,
            )
        except ActivityError:
            workflow.logger.warning("message not sent", extra={"message_id": message_id})
            return False
        return delivered.channel is not None

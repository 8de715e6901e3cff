"""The workflow that sends notifications to one receiver: a person, or a team's channel.

States: waits until the next message may be sent, which the database plans; ends when no notice is waiting. A new notice
starts it again from its row: the notices are the outbox, and this workflow only keeps the time and sends one message
after the other.
Messages: signal ``look_again`` (there is a new notice, or preferences or absences changed), query ``plan``.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.notifications import DeliverMessage, NotificationActivities, PlanNotifications
    from domain.notifications.timing import DeliveryPlan
    from workflows.queues import NOTIFY_QUEUE
    from workflows.retries import NOTIFY
    from workflows.store import patiently

PAUSE = timedelta(minutes=1)
"""Before the next try after a message that was empty or could not be sent."""


@dataclass(frozen=True, slots=True)
class NotificationsStart:
    """``plan`` is carried over by continue-as-new; a new workflow reads the rows."""

    receiver_id: str
    plan: DeliveryPlan | None = None


@workflow.defn(name="VoiceWorkflow")
class NotificationsWorkflow:
    @workflow.init
    def __init__(self, start: NotificationsStart) -> None:
        self._id = start.receiver_id
        self._plan = start.plan
        self._stale = start.plan is None
        self._not_before = workflow.now()

    @workflow.run
    async def run(self, start: NotificationsStart) -> None:  # noqa: ARG002 - read in __init__
        while True:
            if self._stale or self._plan is None:
                await self._make_plan()
            elif self._plan.at is None:
                return
            elif max(self._plan.at, self._not_before) <= workflow.now():
                await self._send_message()
            elif workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(NotificationsStart(self._id, self._plan))
            else:
                await self._wait()

    @workflow.signal
    def look_again(self) -> None:
        self._stale = True

    @workflow.query
    def plan(self) -> DeliveryPlan | None:
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

    async def _make_plan(self) -> None:
        self._stale = False
        given = PlanNotifications(self._id, workflow.now())
        self._plan = await patiently(NotificationActivities.plan_voice, given, "read what is pending")
        at = self._plan.at
        workflow.set_current_details(f"Next check at {at.isoformat()}." if at else "Nothing pending.")

    async def _send_message(self) -> None:
        """Sends one message; then the plan is made again."""
        self._stale = True
        given = PlanNotifications(self._id, workflow.now())
        message_id = await patiently(NotificationActivities.compose_message, given, "read what to send")
        is_sent = message_id is not None and await self._deliver(message_id)
        if not is_sent:
            self._not_before = workflow.now() + PAUSE

    async def _deliver(self, message_id: str) -> bool:
        try:
            delivered = await workflow.execute_activity_method(
                NotificationActivities.deliver_message,
                DeliverMessage(message_id, workflow.now()),
                task_queue=NOTIFY_QUEUE,
                summary="send the message",
                **NOTIFY,
            )
        except ActivityError:
            workflow.logger.warning("message not sent", extra={"message_id": message_id})
            return False
        return delivered.channel is not None

"""Commands and signals to workflows. A workflow that is missing is started from its row at first touch.

Errors: the refusal that the workflow answered with; WorkflowsUnavailable where Temporal is away; Pending where the
command was sent but not answered within ``COMMAND_BUDGET`` (it may still be carried out: the same request again
meets the same answer); StoreUnavailable where the workflow could not reach the database.
"""

import asyncio
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import DomainError, Pending, StoreUnavailable, WorkersUnavailable, WorkflowsUnavailable, rebuild
from domain.postmortems.commands import ActionItemCommand, PostmortemCommand
from workflows.action_item import ActionItemStart, ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.postmortem import PostmortemStart, PostmortemWorkflow
from workflows.queues import TASK_QUEUE
from workflows.reconciliation import ReconciliationStart, ReconciliationWorkflow
from workflows.ticket_batch import TicketBatchStart, TicketBatchWorkflow
from workflows.voice import VoiceStart, VoiceWorkflow

log = structlog.get_logger()

COMMAND_BUDGET = 10.0
PATIENCE = 2.5
"""Seconds after which somebody asks whether a worker is alive at all."""
START_BUDGET = 1.0
BELIEVED_ALIVE = 2.0
"""Seconds for which a worker that was seen alive is believed to be."""
SCHEDULE = "reconcile-"
INTERACTIVE = Priority(priority_key=1)
BULK = Priority(priority_key=5)

T = TypeVar("T")


class Dispatch:
    def __init__(self, client: Client, worker_alive: Callable[[], Awaitable[bool]]) -> None:
        self._client = client
        self._worker_alive = worker_alive
        self._alive_until = 0.0

    async def command_postmortem(self, command: PostmortemCommand) -> None:
        await self._check_alive()
        await self._answered(
            self._client.execute_update_with_start_workflow(
                PostmortemWorkflow.command,
                command,
                start_workflow_operation=_postmortem(command.postmortem_id),
                id=_update_id(command.request_id),
                rpc_timeout=timedelta(seconds=COMMAND_BUDGET),
            )
        )

    async def command_action_item(self, command: ActionItemCommand) -> None:
        await self._check_alive()
        await self._answered(
            self._client.execute_update_with_start_workflow(
                ActionItemWorkflow.command,
                command,
                start_workflow_operation=_action_item(command.action_item_id),
                id=_update_id(command.request_id),
                rpc_timeout=timedelta(seconds=COMMAND_BUDGET),
            )
        )

    async def start_postmortem(self, postmortem_id: str, priority: Priority = INTERACTIVE) -> bool:
        """Starts its workflow, or finds it running. False where Temporal is away: the sweep starts it later."""
        return await self._told(self._signal_postmortem(postmortem_id, priority), postmortem_id=postmortem_id)

    async def start_action_item(self, action_item_id: str, priority: Priority = INTERACTIVE) -> bool:
        """As :meth:`start_postmortem`."""
        return await self._told(self._signal_item(action_item_id, priority), action_item_id=action_item_id)

    async def start_ticket_batch(self, batch_id: str) -> bool:
        """As :meth:`start_postmortem`, behind everything that a person waits for."""
        starting = self._client.start_workflow(
            TicketBatchWorkflow.run,
            TicketBatchStart(batch_id),
            id=f"tickets-{batch_id}",
            task_queue=TASK_QUEUE,
            start_signal="look_again",
            priority=BULK,
            static_summary=f"Tickets {batch_id}",
        )
        return await self._told(starting, batch_id=batch_id)

    async def tell_of_ticket(self, action_item_id: str, delivery: int) -> bool:
        """Signals a recorded webhook. False where Temporal is away: the drain signals it later."""
        return await self._told(
            self._signal_item(action_item_id, INTERACTIVE, "ticket_event", delivery), action_item_id=action_item_id
        )

    # Reconciliation

    async def keep_schedule(self, integration_id: str, tracker: str, *, paused: bool, every: timedelta) -> bool:
        """The connection is reconciled so often. False where Temporal is away: the worker's upkeep sees to it."""
        return await self._told(
            self._keep_schedule(integration_id, tracker, paused=paused, every=every), integration_id=integration_id
        )

    async def _keep_schedule(self, integration_id: str, tracker: str, *, paused: bool, every: timedelta) -> None:
        schedule = _schedule(integration_id, tracker, paused=paused, every=every)
        try:
            await self._client.create_schedule(schedule_id(integration_id), schedule)
        except ScheduleAlreadyRunningError:
            handle = self._client.get_schedule_handle(schedule_id(integration_id))
            await handle.update(lambda _: ScheduleUpdate(schedule))

    async def drop_schedule(self, integration_id: str) -> bool:
        """No error where there is none. False where Temporal is away."""

        async def drop() -> None:
            with suppress_not_found():
                await self._client.get_schedule_handle(schedule_id(integration_id)).delete()

        return await self._told(drop(), integration_id=integration_id)

    async def reconcile_now(self, integration_id: str) -> bool:
        """Out of its turn, once the one that runs is over, if one does. False where Temporal is away."""
        handle = self._client.get_schedule_handle(schedule_id(integration_id))
        return await self._told(handle.trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE), integration_id=integration_id)

    async def list_schedules(self) -> dict[str, tuple[bool, timedelta]]:
        """Connections that have a schedule: whether it is paused, and how often it runs."""
        found = {}
        async for one in await self._client.list_schedules():
            if one.id.startswith(SCHEDULE) and one.schedule is not None:
                often = [interval.every for interval in one.schedule.spec.intervals]
                found[one.id.removeprefix(SCHEDULE)] = (one.schedule.state.paused, min(often, default=timedelta(0)))
        return found

    async def start_chat(self, delivery: int) -> bool:
        """Has a recorded request from a chat answered. False where Temporal is away: the drain starts it later."""
        return await self._told(self._start_chat(delivery), delivery=str(delivery))

    async def _start_chat(self, delivery: int) -> None:
        await self._client.start_workflow(
            ChatWorkflow.run,
            delivery,
            id=f"chat-{delivery}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            priority=INTERACTIVE,
            static_summary=f"Request {delivery} from a chat",
        )

    async def wake_voice(self, receiver_id: str) -> bool:
        """Tells the workflow of a person or a team that something waits for them. False where Temporal is away."""
        return await self._told(self._signal_voice(receiver_id), receiver_id=receiver_id)

    async def _signal_voice(self, receiver_id: str) -> None:
        await self._client.start_workflow(
            VoiceWorkflow.run,
            VoiceStart(receiver_id),
            id=f"voice-{receiver_id}",
            task_queue=TASK_QUEUE,
            start_signal="look_again",
            priority=BULK,
            static_summary=f"Notifications to {receiver_id}",
        )

    async def _signal_postmortem(self, postmortem_id: str, priority: Priority) -> None:
        await self._client.start_workflow(
            PostmortemWorkflow.run,
            PostmortemStart(postmortem_id),
            id=f"postmortem-{postmortem_id}",
            task_queue=TASK_QUEUE,
            start_signal="look_again",
            priority=priority,
            static_summary=f"Postmortem {postmortem_id}",
        )

    async def _signal_item(
        self, action_item_id: str, priority: Priority, signal: str = "look_again", *arguments: Any
    ) -> None:
        await self._client.start_workflow(
            ActionItemWorkflow.run,
            ActionItemStart(action_item_id),
            id=f"action-item-{action_item_id}",
            task_queue=TASK_QUEUE,
            start_signal=signal,
            start_signal_args=list(arguments),
            priority=priority,
            static_summary=f"Action item {action_item_id}",
        )

    async def _told(self, sending: Awaitable[Any], **ids: str) -> bool:
        try:
            async with asyncio.timeout(START_BUDGET):
                await sending
        except (RPCError, TimeoutError, WorkflowAlreadyStartedError) as error:
            log.warning("workflow not told; the sweep will", reason=type(error).__name__, **ids)
            return False
        return True

    async def _check_alive(self) -> None:
        """Refuses before anything is sent where no worker lives: what is sent may still be carried out later."""
        now = time.monotonic()
        if now < self._alive_until:
            return
        if not await self._worker_alive():
            raise WorkersUnavailable()
        self._alive_until = now + BELIEVED_ALIVE

    async def _answered(self, update: Awaitable[T]) -> T:
        running = asyncio.ensure_future(update)
        try:
            async with asyncio.timeout(COMMAND_BUDGET):
                done, _ = await asyncio.wait([running], timeout=PATIENCE)
                if not done and not await self._worker_alive():
                    raise WorkersUnavailable()
                return await running
        except TimeoutError:
            raise Pending() from None
        except WorkflowUpdateFailedError as error:
            raise _refusal(error) from None
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            raise Pending() from None
        except RPCError as error:
            log.warning("command not sent", status=error.status.name)
            raise WorkflowsUnavailable() from None
        finally:
            running.cancel()


def _refusal(error: WorkflowUpdateFailedError) -> DomainError:
    """The refusal by its code and facts. A failure that is none of ours is a defect, and is raised as it is."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "StoreUnavailable":
        return StoreUnavailable()
    if isinstance(cause, ApplicationError) and cause.type:
        facts = cause.details[0] if cause.details else {}
        if refusal := rebuild(cause.type, facts):
            return refusal
    raise error


def _update_id(request_id: str) -> str:
    """Never the same twice: update ids remember failures. What makes a command idempotent is its log."""
    return f"{request_id}-{secrets.token_hex(4)}"


def schedule_id(integration_id: str) -> str:
    return f"{SCHEDULE}{integration_id}"


def _schedule(integration_id: str, tracker: str, *, paused: bool, every: timedelta) -> Schedule:
    """Not all connections at one time: each has its own offset."""
    offset = timedelta(seconds=zlib.crc32(integration_id.encode()) % max(1, int(every.total_seconds())))
    return Schedule(
        ScheduleActionStartWorkflow(
            ReconciliationWorkflow.run,
            ReconciliationStart(integration_id, tracker),
            id=schedule_id(integration_id),
            task_queue=TASK_QUEUE,
            priority=BULK,
            static_summary=f"Tickets of {integration_id}",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every, offset=offset)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
        state=ScheduleState(paused=paused),
    )


@contextmanager
def suppress_not_found() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _postmortem(postmortem_id: str) -> WithStartWorkflowOperation[PostmortemWorkflow, None]:
    return WithStartWorkflowOperation(
        PostmortemWorkflow.run,
        PostmortemStart(postmortem_id),
        id=f"postmortem-{postmortem_id}",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        priority=INTERACTIVE,
        static_summary=f"Postmortem {postmortem_id}",
    )


def _action_item(action_item_id: str) -> WithStartWorkflowOperation[ActionItemWorkflow, None]:
    return WithStartWorkflowOperation(
        ActionItemWorkflow.run,
        ActionItemStart(action_item_id),
        id=f"action-item-{action_item_id}",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        priority=INTERACTIVE,
        static_summary=f"Action item {action_item_id}",
    )

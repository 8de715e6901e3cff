"""Sends commands and signals to workflows, and starts the workflow from its row if it is not running.

Errors: the refusal that the workflow answered with; WorkflowsUnavailable if Temporal cannot be reached; Pending if the
command was sent but not answered within ``COMMAND_BUDGET`` (it may still be carried out: the same request again gets
the same answer); StoreUnavailable if the workflow could not reach the database.
"""

import asyncio
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

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

from domain.action_items.commands import ActionItemCommand
from domain.action_items.snapshots import ActionItemSnapshot
from domain.errors import DomainError, Pending, StoreUnavailable, WorkersUnavailable, WorkflowsUnavailable, rebuild
from domain.postmortems.commands import PostmortemCommand
from domain.postmortems.snapshots import PostmortemSnapshot
from workflows.action_item import ActionItemStart, ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.customer_email import CustomerEmailStart, CustomerEmailWorkflow
from workflows.export_job import ExportStart, ExportWorkflow
from workflows.import_job import ImportStart, ImportWorkflow
from workflows.meeting import MeetingStart, MeetingWorkflow
from workflows.notifications import NotificationsStart, NotificationsWorkflow
from workflows.postmortem import PostmortemStart, PostmortemWorkflow
from workflows.publication import PublicationStart, PublicationWorkflow
from workflows.queues import TASK_QUEUE
from workflows.reconciliation import ReconciliationStart, ReconciliationWorkflow
from workflows.sign_in_mail import SignInMailStart, SignInMailWorkflow
from workflows.ticket_batch import TicketBatchStart, TicketBatchWorkflow

log = structlog.get_logger()

COMMAND_BUDGET = 10.0
PATIENCE = 2.5
"""Seconds to wait for an answer before checking whether any worker is alive."""
START_BUDGET = 1.0
BELIEVED_ALIVE = 2.0
"""Seconds for which a worker that was seen alive counts as alive."""
SCHEDULE = "reconcile-"
INTERACTIVE = Priority(priority_key=1)
BULK = Priority(priority_key=5)


@dataclass(frozen=True, slots=True)
class WorkflowKind:
    """How one kind of workflow is started: its id is ``<prefix>-<key>``, and ``start`` makes its argument of the key.

    ``signal`` reaches the one that runs, or the one that is started for it; None starts it without a signal.
    """

    prefix: str
    run: Callable[[Any, Any], Awaitable[Any]]
    start: Callable[[str], Any]
    summary: str
    signal: str | None = "look_again"


POSTMORTEM = WorkflowKind("postmortem", PostmortemWorkflow.run, PostmortemStart.new, "Postmortem {}")
ACTION_ITEM = WorkflowKind("action-item", ActionItemWorkflow.run, ActionItemStart.new, "Action item {}")
TICKET_BATCH = WorkflowKind("tickets", TicketBatchWorkflow.run, TicketBatchStart, "Tickets {}")
NOTIFICATIONS = WorkflowKind("voice", NotificationsWorkflow.run, NotificationsStart, "Voice to {}")
EXPORT = WorkflowKind("export", ExportWorkflow.run, ExportStart, "Export {}", signal=None)
IMPORT = WorkflowKind("import", ImportWorkflow.run, ImportStart, "Import {}", signal=None)
MEETING = WorkflowKind("meeting", MeetingWorkflow.run, MeetingStart, "Meeting {}")
PUBLICATION = WorkflowKind("publication", PublicationWorkflow.run, PublicationStart, "Publication {}", signal=None)
CUSTOMER_EMAIL = WorkflowKind(
    "customer-email", CustomerEmailWorkflow.run, CustomerEmailStart, "Customer e-mail {}", signal=None
)
SIGN_IN_MAIL = WorkflowKind("sign-in-mail", SignInMailWorkflow.run, SignInMailStart, "Sign-in link {}", signal=None)
CHAT = WorkflowKind("chat", ChatWorkflow.run, int, "Request {} from a chat", signal=None)


class Dispatch:
    """Everything but :meth:`send_command` answers False if Temporal cannot be reached: the worker's background jobs
    do it later."""

    def __init__(self, client: Client, worker_alive: Callable[[], Awaitable[bool]]) -> None:
        self._client = client
        self._worker_alive = worker_alive
        self._alive_until = 0.0

    async def send_command(self, command: PostmortemCommand | ActionItemCommand) -> int:
        """Waits until the workflow has carried the command out, and returns the row's version after it.

        Raises its refusal, or as the module says."""
        await self._check_alive()
        if isinstance(command, PostmortemCommand):
            return await self._send(PostmortemWorkflow.command, command, POSTMORTEM, command.postmortem_id)
        return await self._send(ActionItemWorkflow.command, command, ACTION_ITEM, command.action_item_id)

    async def _send(
        self, update: Any, command: PostmortemCommand | ActionItemCommand, kind: WorkflowKind, key: str
    ) -> int:
        starting: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            kind.run, kind.start(key), **_options(kind, key, INTERACTIVE)
        )
        snapshot: PostmortemSnapshot | ActionItemSnapshot = await self._answered(
            self._client.execute_update_with_start_workflow(
                update,
                command,
                start_workflow_operation=starting,
                id=_update_id(command.request_id),
                rpc_timeout=timedelta(seconds=COMMAND_BUDGET),
            )
        )
        return snapshot.version

    async def start_postmortem(self, postmortem_id: str, priority: Priority = INTERACTIVE) -> bool:
        return await self._start_or_signal(POSTMORTEM, postmortem_id, priority)

    async def start_action_item(self, action_item_id: str, priority: Priority = INTERACTIVE) -> bool:
        return await self._start_or_signal(ACTION_ITEM, action_item_id, priority)

    async def start_ticket_batch(self, batch_id: str) -> bool:
        """Behind everything that a person is waiting for."""
        return await self._start_or_signal(TICKET_BATCH, batch_id, BULK)

    async def start_export(self, export_id: str) -> bool:
        """Behind everything that a person is waiting for."""
        return await self._start_or_signal(EXPORT, export_id, BULK)

    async def start_import(self, import_id: str) -> bool:
        """Behind everything that a person is waiting for."""
        return await self._start_or_signal(IMPORT, import_id, BULK)

    async def start_publication(self, publication_id: str) -> bool:
        return await self._start_or_signal(PUBLICATION, publication_id, INTERACTIVE)

    async def start_meeting(self, meeting_id: str, priority: Priority = INTERACTIVE) -> bool:
        return await self._start_or_signal(MEETING, meeting_id, priority)

    async def start_sign_in_mail(self, mail_id: str) -> bool:
        """Someone waits for it."""
        return await self._start_or_signal(SIGN_IN_MAIL, mail_id, INTERACTIVE)

    async def start_customer_email(self, email_id: str) -> bool:
        return await self._start_or_signal(CUSTOMER_EMAIL, email_id, BULK)

    async def start_chat(self, delivery: int) -> bool:
        """Has a recorded request from a chat answered."""
        return await self._start_or_signal(CHAT, str(delivery), INTERACTIVE)

    async def wake_notifications(self, receiver_id: str) -> bool:
        """Tells the workflow of a person or a team that there are notices to send."""
        return await self._start_or_signal(NOTIFICATIONS, receiver_id, BULK)

    async def signal_ticket_event(self, action_item_id: str, delivery: int) -> bool:
        """Passes a recorded webhook on to the workflow of the action item that it is about."""
        kind = replace(ACTION_ITEM, signal="ticket_event")
        return await self._start_or_signal(kind, action_item_id, INTERACTIVE, delivery)

    async def _start_or_signal(self, kind: WorkflowKind, key: str, priority: Priority, *arguments: Any) -> bool:
        starting = self._client.start_workflow(
            kind.run,
            kind.start(key),
            start_signal=kind.signal,
            start_signal_args=arguments,
            **_options(kind, key, priority),
        )
        return await self._reached(starting, workflow_id=f"{kind.prefix}-{key}")

    # Reconciliation

    async def keep_schedule(self, integration_id: str, tracker: str, *, paused: bool, every: timedelta) -> bool:
        """Creates or changes the schedule by which a connection is reconciled."""

        async def keep() -> None:
            schedule = _schedule(integration_id, tracker, paused=paused, every=every)
            try:
                await self._client.create_schedule(schedule_id(integration_id), schedule)
            except ScheduleAlreadyRunningError:
                handle = self._client.get_schedule_handle(schedule_id(integration_id))
                await handle.update(lambda _: ScheduleUpdate(schedule))

        return await self._reached(keep(), integration_id=integration_id)

    async def drop_schedule(self, integration_id: str) -> bool:
        """No error if there is none."""

        async def drop() -> None:
            with suppress_not_found():
                await self._client.get_schedule_handle(schedule_id(integration_id)).delete()

        return await self._reached(drop(), integration_id=integration_id)

    async def reconcile_now(self, integration_id: str) -> bool:
        """Out of turn, after the reconciliation that is running, if there is one."""
        handle = self._client.get_schedule_handle(schedule_id(integration_id))
        triggering = handle.trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)
        return await self._reached(triggering, integration_id=integration_id)

    async def list_schedules(self) -> dict[str, tuple[bool, timedelta]]:
        """Connections that have a schedule: whether it is paused, and how often it runs."""
        found = {}
        async for one in await self._client.list_schedules():
            if one.id.startswith(SCHEDULE) and one.schedule is not None:
                often = [interval.every for interval in one.schedule.spec.intervals]
                found[one.id.removeprefix(SCHEDULE)] = (one.schedule.state.paused, min(often, default=timedelta(0)))
        return found

    async def _reached(self, sending: Awaitable[Any], **ids: str) -> bool:
        try:
            async with asyncio.timeout(START_BUDGET):
                await sending
        except (RPCError, TimeoutError, WorkflowAlreadyStartedError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not _never_connected(error):
                raise
            log.warning("workflow not reached; the sweep will retry", reason=type(error).__name__, **ids)
            return False
        return True

    async def _check_alive(self) -> None:
        """Refuses before anything is sent if no worker is alive: what was sent might still be carried out later."""
        now = time.monotonic()
        if now < self._alive_until:
            return
        if not await self._worker_alive():
            raise WorkersUnavailable()
        self._alive_until = now + BELIEVED_ALIVE

    async def _answered(self, update: Awaitable[Any]) -> Any:
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
        except RuntimeError as error:
            if not _never_connected(error):
                raise
            raise WorkflowsUnavailable() from None
        finally:
            running.cancel()


def _never_connected(error: RuntimeError) -> bool:
    """What a lazy client raises where Temporal has been away since this process began (temporalio 1.35)."""
    return str(error).startswith("Failed client connect")


def _options(kind: WorkflowKind, key: str, priority: Priority) -> dict[str, Any]:
    return {
        "id": f"{kind.prefix}-{key}",
        "task_queue": TASK_QUEUE,
        "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
        "priority": priority,
        "static_summary": kind.summary.format(key),
    }


def _refusal(error: WorkflowUpdateFailedError) -> DomainError:
    """The refusal, by its code and facts. Any other failure is a defect, and is raised as it is."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "StoreUnavailable":
        return StoreUnavailable()
    if isinstance(cause, ApplicationError) and cause.type:
        facts = cause.details[0] if cause.details else {}
        if refusal := rebuild(cause.type, facts):
            return refusal
    raise error


def _update_id(request_id: str) -> str:
    """Never the same twice: Temporal remembers failures by update id. The command log makes a command idempotent."""
    return f"{request_id}-{secrets.token_hex(4)}"


def schedule_id(integration_id: str) -> str:
    return f"{SCHEDULE}{integration_id}"


def _schedule(integration_id: str, tracker: str, *, paused: bool, every: timedelta) -> Schedule:
    """Each connection has its own offset, so that they are not all reconciled at once."""
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

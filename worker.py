"""The worker: serves the task queues and keeps house. ``afterword worker`` runs it; as many as one likes."""

import asyncio
import faulthandler
import signal
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.action_items import ActionItemActivities
from activities.chat.answering import ChatActivities
from activities.customer_emails import CustomerEmailActivities
from activities.documents import DocumentActivities
from activities.meetings import MeetingActivities
from activities.notifications import NotificationActivities
from activities.postmortems import PostmortemActivities
from activities.publications import PublicationActivities
from activities.sign_in_mails import SignInMailActivities
from activities.tickets.batches import TicketBatchActivities
from activities.tickets.pushing import PushActivities
from activities.tickets.reconciliation import ReconciliationActivities
from activities.tickets.webhooks import TicketWebhookActivities
from application.commands import Commands
from integrations import registry
from integrations.object_store import ObjectStore
from models.keyring import Keyring
from models.session import Sessions
from runtime.background.jobs import run_jobs
from runtime.connections import (
    connect_temporal,
    metrics_runtime,
    open_database,
    open_keyring,
    open_object_store,
    restrict_outbound,
)
from runtime.database_checks import wait_until_fit
from runtime.dispatch import Dispatch
from runtime.logging import configure_logging
from runtime.settings import Settings, get_settings
from workflows.queues import (
    CHAT_QUEUE,
    DOCUMENTS_QUEUE,
    MEETINGS_QUEUE,
    NOTIFY_QUEUE,
    PUBLICATIONS_QUEUE,
    TASK_QUEUE,
    tracker_queue,
)
from workflows.registry import WORKFLOWS

log = structlog.get_logger()

WORKFLOW_TASKS_AT_ONCE = 20
"""Enough to wait for the database meanwhile. Once the processor is busy, each one more makes all others longer, and
late timers of them: a timer starts when the task that asks for it ends, but is counted from the task's begin."""

MESSAGES_PER_SECOND = 10.0
"""Over all channels and workers."""

CHATS_AT_ONCE = 5
"""Each may hold a connection of the database, and wait for a workflow of this worker that needs another one."""

DOCUMENTS_AT_ONCE = 2
PUBLICATIONS_AT_ONCE = 4
MEETINGS_AT_ONCE = 8

GRACE = timedelta(seconds=10)
"""For what is in hand when the worker is asked to end."""

LONGEST_END = 2 * GRACE.total_seconds()
"""The SDK may wait for ever where Temporal goes at the same moment; whatever was in hand is then given out anew."""


def build_workers(
    client: Client, sessions: Sessions, keyring: Keyring, store: ObjectStore, base_url: str
) -> list[Worker]:
    """One for workflows and the database, and one for each other queue (``workflows.queues``)."""
    postmortems = PostmortemActivities(sessions)
    items = ActionItemActivities(sessions)
    pushes = PushActivities(sessions, keyring, base_url)
    webhooks = TicketWebhookActivities(sessions, keyring)
    reconciliation = ReconciliationActivities(sessions, keyring, base_url)
    batches = TicketBatchActivities(sessions)
    notifications = NotificationActivities(sessions, keyring, base_url)
    meetings = MeetingActivities(sessions, keyring, base_url)
    main = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        workflow_runner=UnsandboxedWorkflowRunner(),  # docs/decisions/0025
        max_concurrent_workflow_tasks=WORKFLOW_TASKS_AT_ONCE,
        activities=[
            postmortems.load_postmortem,
            postmortems.commit_postmortem_command,
            postmortems.send_postmortem_reminders,
            items.load_action_item,
            items.commit_action_item_command,
            items.send_action_item_reminders,
            webhooks.apply_delivery,
            reconciliation.finish_reconciliation,
            batches.look_at_batch,
            batches.put_into_outbox,
            notifications.plan_voice,
            notifications.compose_message,
            meetings.keep_meeting,
        ],
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        graceful_shutdown_timeout=GRACE,
    )
    mails = CustomerEmailActivities(sessions, keyring, base_url)
    links = SignInMailActivities(sessions, keyring, base_url)
    notify = Worker(
        client,
        task_queue=NOTIFY_QUEUE,
        activities=[notifications.deliver_message, mails.send_customer_emails, links.send_sign_in_link],
        max_task_queue_activities_per_second=MESSAGES_PER_SECOND,
        graceful_shutdown_timeout=GRACE,
    )
    trackers = [
        Worker(
            client,
            task_queue=tracker_queue(kind),
            activities=[pushes.push_ticket, reconciliation.keep_webhook, reconciliation.reconcile_page],
            max_task_queue_activities_per_second=registry.tracker(kind).calls_per_second,
            graceful_shutdown_timeout=GRACE,
        )
        for kind in registry.tracker_kinds()
    ]
    documents = DocumentActivities(sessions, store, keyring, base_url)
    archives = Worker(
        client,
        task_queue=DOCUMENTS_QUEUE,
        activities=[documents.carry_out_export, documents.carry_out_import, documents.fail_job],
        max_concurrent_activities=DOCUMENTS_AT_ONCE,
        graceful_shutdown_timeout=timedelta(seconds=1),  # the next worker goes on where this one was
    )
    publications = PublicationActivities(sessions, keyring, base_url)
    copies = Worker(
        client,
        task_queue=PUBLICATIONS_QUEUE,
        activities=[publications.carry_out_publication, publications.give_up_publication],
        max_concurrent_activities=PUBLICATIONS_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
    )
    reviews = Worker(
        client,
        task_queue=MEETINGS_QUEUE,
        activities=[meetings.tell_meeting, meetings.check_meeting, meetings.note_untold],
        max_concurrent_activities=MEETINGS_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
    )
    chats = build_chat_worker(client, sessions, keyring, store, base_url)
    return [main, notify, *trackers, chats, archives, copies, reviews]


def build_chat_worker(
    client: Client, sessions: Sessions, keyring: Keyring, store: ObjectStore, base_url: str
) -> Worker:
    dispatch = Dispatch(client, _always)
    answers = ChatActivities(sessions, keyring, Commands(sessions, dispatch), dispatch, store, base_url)
    return Worker(
        client,
        task_queue=CHAT_QUEUE,
        activities=[answers.answer_chat, answers.give_up_chat],
        max_concurrent_activities=CHATS_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
    )


async def main(settings: Settings | None = None) -> None:
    """Runs until SIGTERM or SIGINT, then hands its work over."""
    settings = settings or get_settings()
    configure_logging(settings)
    restrict_outbound(settings)
    keyring = open_keyring(settings)
    database = open_database(settings, "afterword worker")
    store = open_object_store(settings)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    client = await _connected(metrics_runtime(settings.worker_metrics), stop)
    if client is None:
        await database.close()
        return
    if not await _fit(database.sessions, keyring, stop):
        await database.close()
        return
    dispatch = Dispatch(client, _always)
    background = asyncio.create_task(
        run_jobs(
            database.sessions,
            dispatch,
            keyring,
            store,
            timedelta(minutes=settings.reconcile_minutes),
            settings.sweep_seconds,
        )
    )
    async with AsyncExitStack() as stack:
        workers = build_workers(client, database.sessions, keyring, store, settings.base_url)
        for one in workers:
            await stack.enter_async_context(one)
        log.info("worker ready", task_queue=TASK_QUEUE, trackers=registry.tracker_kinds())
        await stop.wait()
        log.info("worker stopping")
        faulthandler.dump_traceback_later(LONGEST_END, exit=True)
        background.cancel()
        await asyncio.gather(background, return_exceptions=True)
        await asyncio.gather(*(one.shutdown() for one in workers))  # the stack would ask one after the other
    await database.close()
    await asyncio.sleep(0.2)  # an exit right after the shutdown can abort in the SDK's threads


async def _fit(sessions: Sessions, keyring: Keyring, stop: asyncio.Event) -> bool:
    """Waits for the database and its migration as long as it takes; False when told to stop meanwhile.

    Raises ``CannotStart`` when this process has the wrong keys or the wrong database.
    """
    waiting, stopping = asyncio.create_task(wait_until_fit(sessions, keyring)), asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, stopping], return_when=asyncio.FIRST_COMPLETED)
    for one in (waiting, stopping):
        one.cancel()
    await asyncio.gather(waiting, stopping, return_exceptions=True)
    if waiting.cancelled():
        return False
    waiting.result()
    return True


async def _always() -> bool:
    return True


async def _connected(runtime: Runtime | None, stop: asyncio.Event) -> Client | None:
    """Waits for Temporal as long as it takes; None when told to stop meanwhile."""
    while not stop.is_set():
        try:
            client = await connect_temporal(runtime, lazy=False)
        except (RuntimeError, RPCError) as error:
            log.warning("waiting for Temporal", reason=str(error)[:200])
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=1)
        else:
            return client
    return None

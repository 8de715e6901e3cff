"""Records a complete history of each scenario for ``test_replay``: ``python -m tests.workflows.record_histories``.

Run it after a change that alters what workflows do, and keep the existing histories: running workflows have them behind
them. It therefore writes only missing files; name scenarios to record them again."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import func, update
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from application.notifications import notices
from application.tickets import batches
from domain.access import Role, Viewer
from domain.action_items.commands import ActionItemAction
from domain.escalation.policy import Policy
from domain.escalation.targets import TargetName
from domain.postmortems.commands import PostmortemAction
from domain.tickets.status import TicketState
from integrations.ticket import TicketAction, TicketChange
from models.postmortem import Comment, Postmortem
from models.queries.connections import connections
from models.queries.postmortems import postmortems
from runtime.dispatch import Dispatch
from tests.workflows.case import Case
from tests.workflows.chatting import ask, chat_worker, give_up, request_from_slack
from tests.workflows.documents import OF_DOCUMENTS
from tests.workflows.lab import ALWAYS, SUGGEST_CONTINUE_AS_NEW, Lab, alive, migrated_postgres, running_lab
from tests.workflows.meetings import meeting_reminded, meeting_untold
from workflows.postmortem import PostmortemWorkflow
from workflows.queues import TASK_QUEUE
from workflows.reconciliation import ReconciliationStart, ReconciliationWorkflow
from workflows.ticket_batch import TicketBatchStart, TicketBatchWorkflow

HISTORIES = Path(__file__).parent / "histories"

Recorded = AsyncIterator[tuple[str, WorkflowHandle[Any, Any]]]
Scenario = Callable[[Lab], Recorded]
"""Gives each ended run with the name of its file."""


async def postmortem_nobody(lab: Lab) -> Recorded:
    """Four nudges; then an administrator throws it away."""
    case = await lab.postmortem()
    await case.let_pass(days=15)
    await _delete(case)
    yield "postmortem_nobody", case.handle


async def postmortem_published(lab: Lab) -> Recorded:
    """The whole way: refused, submitted, sent back, submitted, approved, published, archived."""
    case, bob, admin = await lab.postmortem(), await lab.person(), await lab.person(Role.ADMIN)
    await case.let_pass(hours=20)
    with suppress(WorkflowUpdateFailedError):
        await case.command(PostmortemAction.SUBMIT, person_ids=(bob,))  # no action item yet
    await case.submit(bob)
    await case.let_pass(days=2)
    words = {"comment": "The root cause is missing"}
    await case.command(PostmortemAction.REQUEST_CHANGES, actor_id=bob, words=words)
    async with lab.sessions.begin() as session:
        await session.execute(update(Comment).where(Comment.postmortem_id == case.id).values(resolved_at=func.now()))
    await case.command(PostmortemAction.SUBMIT)
    await case.let_pass(days=8)
    await case.command(PostmortemAction.APPROVE, actor_id=bob)
    await case.command(PostmortemAction.PUBLISH)
    await case.command(PostmortemAction.ARCHIVE, actor_id=admin)
    await case.handle.result()
    yield "postmortem_published", case.handle


async def postmortem_targets_moved(lab: Lab) -> Recorded:
    """One target waived, one extended before and one after its nudge; the row changed beside the workflow."""
    case = await lab.postmortem()
    reason = {"reason": "The vendor's report is late"}
    extend = PostmortemAction.EXTEND_TARGET
    await case.command(PostmortemAction.WAIVE_TARGET, target=TargetName.REVIEW_COMPLETED.value, words=reason)
    await case.command(extend, target=TargetName.DRAFT_STARTED.value, until=case.after(days=3), words=reason)
    await case.let_pass(hours=50)
    await case.command(extend, target=TargetName.DRAFT_COMPLETED.value, until=case.after(days=5), words=reason)
    await case.handle.signal(PostmortemWorkflow.look_again)
    await case.let_pass(days=15)
    await _delete(case)
    yield "postmortem_targets_moved", case.handle


async def postmortem_continued(lab: Lab) -> Recorded:
    """More commands than one run takes, several at once; the first run and the one after it."""
    case = await lab.postmortem()
    await case.let_pass(hours=25)
    crew = [await lab.person() for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(one,)) for one in crew))
        for one in crew:
            await case.command(PostmortemAction.REMOVE_REVIEWER, person_ids=(one,))
    await case.let_pass(days=15)
    await _delete(case)
    first = lab.client.get_workflow_handle(case.handle.id, run_id=case.handle.result_run_id)
    yield "postmortem_continued_first", first
    ended = (await first.fetch_history()).events[-1].workflow_execution_continued_as_new_event_attributes
    second = lab.client.get_workflow_handle(case.handle.id, run_id=ended.new_execution_run_id)
    yield "postmortem_continued_second", second


async def postmortem_row_locked(lab: Lab) -> Recorded:
    """Another transaction holds the row for longer than a command waits: it is given up, and sent again."""
    case, bob = await lab.postmortem(), await lab.person()
    await case.let_pass(hours=1)
    async with lab.sessions.begin() as session:
        await session.get(Postmortem, case.id, with_for_update=True)
        with suppress(WorkflowUpdateFailedError):
            await case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(bob,))
    await case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(bob,))
    await _delete(case)
    yield "postmortem_row_locked", case.handle


async def postmortem_database_away(lab: Lab) -> Recorded:
    """For longer than a workflow task lasts: a command is given up, the row is read later."""
    case, bob = await lab.postmortem(), await lab.person()
    await case.let_pass(hours=1)
    async with lab.database_away():
        with suppress(WorkflowUpdateFailedError):
            await case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(bob,))
        await case.handle.signal(PostmortemWorkflow.look_again)
        await asyncio.sleep(12)
    await case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(bob,))
    await _delete(case)
    yield "postmortem_database_away", case.handle


async def action_item_overdue(lab: Lab) -> Recorded:
    """Overdue, snoozed, overdue again, done."""
    case = await lab.postmortem()
    item_id = await case.ready((case.resolved_at + timedelta(days=2)).date())
    handle = await case.start_item(item_id)
    await lab.fast_forward(handle, timedelta(days=4))
    await case.command_item(handle, item_id, ActionItemAction.SNOOZE, until=case.after(days=8))
    await lab.fast_forward(handle, timedelta(days=8))
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, {"changes": {"status": "COMPLETED"}})
    await handle.result()
    yield "action_item_overdue", handle


async def postmortem_ladder(lab: Lab) -> Recorded:
    """The whole ladder of every target, by a team that never rests; one waived in the middle."""
    lead, author = await lab.person(), await lab.person()
    await lab.person(Role.ADMIN)
    policy = Policy("The whole ladder", office=ALWAYS)
    case = await lab.postmortem(policy, [await lab.team(lead, author)], author)
    await case.let_pass(days=9)
    words = {"reason": "A small one"}
    await case.command(PostmortemAction.WAIVE_TARGET, target=TargetName.PUBLISHED.value, words=words)
    await case.let_pass(days=30)
    await _delete(case)
    yield "postmortem_ladder", case.handle


async def action_item_ladder(lab: Lab) -> Recorded:
    """Before it is due, due and overdue, up to the administrators; moved, snoozed, done."""
    lead, author = await lab.person(), await lab.person()
    await lab.person(Role.ADMIN)
    case = await lab.postmortem(Policy("The whole ladder", office=ALWAYS), [await lab.team(lead, author)], author)
    item_id = await case.ready(case.after(days=5).date())
    handle = await case.start_item(item_id)
    await lab.fast_forward(handle, timedelta(days=16))
    later = {"changes": {"due_on": case.after(days=20).date().isoformat()}, "reason": "The part is not there"}
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, later)
    await lab.fast_forward(handle, timedelta(days=7))
    await case.command_item(handle, item_id, ActionItemAction.SNOOZE, until=case.after(days=30))
    await lab.fast_forward(handle, timedelta(days=12))
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, {"changes": {"status": "COMPLETED"}})
    await handle.result()
    yield "action_item_ladder", handle


async def action_item_deleted(lab: Lab) -> Recorded:
    """A refused change, a new due date, and it is gone."""
    case = await lab.postmortem()
    item_id = await case.ready()
    handle = await case.start_item(item_id)
    sooner = {"changes": {"due_on": (case.resolved_at + timedelta(days=3)).date().isoformat()}}
    with suppress(WorkflowUpdateFailedError):
        await case.command_item(handle, item_id, ActionItemAction.CHANGE, sooner)  # without a reason
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, sooner | {"reason": "It is easier than that"})
    await case.command_item(handle, item_id, ActionItemAction.DELETE)
    await handle.result()
    yield "action_item_deleted", handle


async def voice_told(lab: Lab) -> Recorded:
    """A digest, an escalation, and one that was read meanwhile; into the inbox, since nothing is connected."""
    person_id = await lab.person()
    handle = await _wake(lab, person_id, "editor_added")
    await lab.fast_forward(handle, timedelta(days=6))
    yield "voice_told", await _ended(handle)
    handle = await _wake(lab, person_id, "editor_added", is_escalation=True)
    await _wake(lab, person_id, "changes_requested")
    async with lab.sessions.begin() as session:
        await notices.mark_all_read(session, Viewer(person_id, Role.RESPONDER), datetime.now(UTC))
    await lab.fast_forward(handle, timedelta(days=6))
    yield "voice_told_urgent", await _ended(handle)


async def voice_continued(lab: Lab) -> Recorded:
    """Woken more often than one run takes."""
    person_id = await lab.person()
    first = await _wake(lab, person_id, "editor_added")
    for _ in range(12):
        await _wake(lab, person_id, "editor_added")
        await asyncio.sleep(0.1)  # each of its own
    await lab.fast_forward(first, timedelta(days=6))
    runs = [one.run_id async for one in lab.client.list_workflows(f"WorkflowId = 'voice-{person_id}'")]
    while len(runs) < 2:
        await asyncio.sleep(0.1)
        runs = [one.run_id async for one in lab.client.list_workflows(f"WorkflowId = 'voice-{person_id}'")]
    await _ended(lab.client.get_workflow_handle(f"voice-{person_id}"))
    for number, run_id in enumerate(reversed(runs), start=1):
        yield f"voice_continued_{number}", lab.client.get_workflow_handle(f"voice-{person_id}", run_id=run_id)


async def _wake(lab: Lab, person_id: str, kind: str, *, is_escalation: bool = False) -> WorkflowHandle[Any, Any]:
    async with lab.sessions.begin() as session:
        now = datetime.now(UTC)
        await notices.notify(session, [person_id], kind, uuid4().hex, at=now, is_escalation=is_escalation)
    await Dispatch(lab.client, alive).wake_notifications(person_id)
    return lab.client.get_workflow_handle(f"voice-{person_id}")


async def _ended(handle: WorkflowHandle[Any, Any]) -> WorkflowHandle[Any, Any]:
    await handle.result()
    return handle


async def chat_answered(lab: Lab) -> Recorded:
    async with chat_worker(lab):
        handle = await ask(lab, await request_from_slack(lab, is_settled=True))
        await handle.result()
    yield "chat_answered", handle


async def chat_given_up(lab: Lab) -> Recorded:
    """Slack is away for longer than anybody waits for an answer."""
    async with chat_worker(lab):
        handle = await ask(lab, await request_from_slack(lab))
        await give_up(lab, handle)
    yield "chat_given_up", handle


async def ticket_batch(lab: Lab) -> Recorded:
    """Seven tickets, five at a time; one item's workflow is not there to be told, until later."""
    case = await lab.postmortem()
    viewer, items = Viewer(case.author_id, Role.RESPONDER), [await case.ready() for _ in range(7)]
    for item_id in items[1:]:
        await case.start_item(item_id)
    board = await lab.console(f"int_{items[0]}")
    async with lab.sessions.begin() as session:
        seen = await postmortems.get_visible(session, viewer, case.id, lock=True)
        integration = await connections.get_integration(session, board.integration_id)
        asked = await batches.open_tickets(
            session, viewer, seen.postmortem.id, [integration.kind], integration.id, None, case.resolved_at
        )
        batch_id = asked.id
    handle = await lab.client.start_workflow(
        TicketBatchWorkflow.run, TicketBatchStart(batch_id), id=f"tickets-{batch_id}", task_queue=TASK_QUEUE
    )
    while (await handle.query(TicketBatchWorkflow.state)).released < len(items):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)
    await case.start_item(items[0])
    await handle.result()
    yield "ticket_batch", handle


async def action_item_ticket(lab: Lab) -> Recorded:
    """Two tickets, made, written, and followed when one of them is closed there."""
    case = await lab.postmortem()
    item_id = await case.ready()
    handle = await case.start_item(item_id)
    boards = [await lab.console(f"int_{item_id}_{number}") for number in range(2)]
    for one in boards:
        await case.command_item(handle, item_id, ActionItemAction.OPEN_TICKET, integration_id=one.integration_id)
    for one in boards:
        await one.shows(item_id, title="Alert at 80 %")
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, {"changes": {"description": "Alert at 70 %"}})
    for one in boards:
        await one.shows(item_id, title="Alert at 70 %")
    await boards[0].close(item_id, handle)
    await boards[1].shows(item_id, state=TicketState.DONE)
    await handle.result()
    yield "action_item_ticket", handle


async def action_item_webhooks_together(lab: Lab) -> Recorded:
    """Three changes of a ticket wait for the workflow, the last of which closes it."""
    case = await lab.postmortem()
    item_id, before, board = await case.with_ticket()
    await before.terminate()
    news = [
        await board.changed(item_id, TicketAction.EDITED, TicketChange(title="Alert at 70 %")),
        await board.changed(item_id, TicketAction.EDITED, TicketChange(title="Alert at 60 %")),
        await board.changed(item_id, TicketAction.CLOSED, TicketChange(state=TicketState.DONE)),
    ]
    handle = await case.start_item(item_id, tuple(news))
    await handle.result()
    yield "action_item_webhooks_together", handle


async def reconciliation(lab: Lab) -> Recorded:
    """One page of a connection's tickets, none of which had changed."""
    case = await lab.postmortem()
    _, _, board = await case.with_ticket()
    start = ReconciliationStart(board.integration_id, "console")
    ran = await lab.client.start_workflow(
        ReconciliationWorkflow.run, start, id=f"reconcile-{board.integration_id}", task_queue=TASK_QUEUE
    )
    await ran.result()
    yield "reconciliation", ran


SCENARIOS: tuple[Scenario, ...] = (
    postmortem_nobody,
    postmortem_published,
    postmortem_targets_moved,
    postmortem_row_locked,
    postmortem_database_away,
    action_item_overdue,
    action_item_deleted,
    postmortem_ladder,
    action_item_ladder,
    voice_told,
    chat_answered,
    chat_given_up,
    ticket_batch,
    action_item_ticket,
    action_item_webhooks_together,
    reconciliation,
    *OF_DOCUMENTS,
    meeting_reminded,
    meeting_untold,
)
SHORT: tuple[Scenario, ...] = (postmortem_continued, voice_continued)


async def _delete(case: Case) -> None:
    await case.command(PostmortemAction.DELETE, actor_id=await case.lab.person(Role.ADMIN))
    await case.lab.client.get_workflow_handle(case.handle.id).result()


def _wanted(scenario: Scenario, names: list[str]) -> bool:
    name = scenario.__name__
    return name in names if names else not list(HISTORIES.glob(f"{name}*.json"))


async def record(names: list[str]) -> None:
    HISTORIES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, migrated_postgres(Path(folder) / "home") as url:
        for scenarios, settings in ((SCENARIOS, ()), (SHORT, (SUGGEST_CONTINUE_AS_NEW,))):
            wanted = [one for one in scenarios if _wanted(one, names)]
            if wanted:
                async with running_lab(url, *settings) as lab:
                    for scenario in wanted:
                        await _write(scenario(lab))


async def _write(recorded: Recorded) -> None:
    async with aclosing(recorded) as runs:
        async for name, handle in runs:
            history = await handle.fetch_history()
            (HISTORIES / f"{name}.json").write_text(history.to_json() + "\n")
            print(f"{name}: {len(history.events)} events")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:]))

"""Records a complete history of each scenario, for ``test_replay``: ``python -m tests.workflows.record_histories``.

Run it after a change that means to alter what workflows do, and keep the histories that are already there: they are
what running workflows have behind them. It therefore writes only files that are missing; name scenarios to record
them anew.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from domain.access import Role, Viewer
from domain.commands import ActionItemAction, PostmortemAction
from domain.targets import TargetName
from domain.tickets import TicketState
from models.postmortem import Postmortem
from models.queries import integrations, postmortems, ticket_batches
from tests.workflows.lab import SUGGEST_CONTINUE_AS_NEW, Case, Lab, migrated_postgres, running_lab
from workflows import TASK_QUEUE, PostmortemWorkflow, ReconciliationWorkflow, TicketBatchWorkflow
from workflows.reconciliation import ReconciliationStart
from workflows.ticket_batch import TicketBatchStart

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
    await lab.env.fast_forward(handle, timedelta(days=4))
    await case.command_item(handle, item_id, ActionItemAction.SNOOZE, until=case.after(days=8))
    await lab.env.fast_forward(handle, timedelta(days=8))
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, {"changes": {"status": "COMPLETED"}})
    await handle.result()
    yield "action_item_overdue", handle


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


async def ticket_batch(lab: Lab) -> Recorded:
    """Seven tickets, five at a time; one item's workflow is not there to be told, until later."""
    case = await lab.postmortem()
    viewer, items = Viewer(case.author_id, Role.RESPONDER), [await case.ready() for _ in range(7)]
    for item_id in items[1:]:
        await case.start_item(item_id)
    board = await lab.console(f"int_{items[0]}")
    async with lab.sessions.begin() as session:
        seen = await postmortems.get_seen(session, viewer, case.id, lock=True)
        integration = await integrations.get_integration(session, board.integration_id)
        asked = await ticket_batches.ask_for_tickets(session, viewer, seen, integration, None, case.resolved_at)
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


async def reconciliation(lab: Lab) -> Recorded:
    """One page of a connection's tickets, none of which had changed."""
    case = await lab.postmortem()
    item_id = await case.ready()
    handle = await case.start_item(item_id)
    board = await lab.console(f"int_{item_id}")
    await case.command_item(handle, item_id, ActionItemAction.OPEN_TICKET, integration_id=board.integration_id)
    await board.shows(item_id, title="Alert at 80 %")
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
    ticket_batch,
    action_item_ticket,
    reconciliation,
)
SHORT: tuple[Scenario, ...] = (postmortem_continued,)


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

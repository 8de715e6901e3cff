"""Running workflows must be able to continue under this code: their recorded histories replay."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from tests.workflows.record_histories import HISTORIES, SCENARIOS, SHORT
from workflows.action_item import ActionItemStart, ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.customer_email import CustomerEmailStart, CustomerEmailWorkflow
from workflows.export_job import ExportStart, ExportWorkflow
from workflows.import_job import ImportStart, ImportWorkflow
from workflows.meeting import MeetingStart, MeetingWorkflow
from workflows.notifications import NotificationsStart, NotificationsWorkflow
from workflows.postmortem import PostmortemStart, PostmortemWorkflow
from workflows.publication import PublicationStart, PublicationWorkflow
from workflows.reconciliation import ReconciliationStart, ReconciliationWorkflow
from workflows.registry import WORKFLOWS
from workflows.sign_in_mail import SignInMailStart, SignInMailWorkflow
from workflows.ticket_batch import TicketBatchStart, TicketBatchWorkflow

SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_import_notification_policy(
        SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )
)
FILES = sorted(HISTORIES.glob("*.json"))
ENDS = {"EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED", "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"}

every_history = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())


def test_every_scenario_is_recorded() -> None:
    for scenario in (*SCENARIOS, *SHORT):
        assert any(file.stem.startswith(scenario.__name__) for file in FILES), scenario.__name__


@every_history
def test_it_is_complete(file: Path) -> None:
    assert json.loads(file.read_text())["events"][-1]["eventType"] in ENDS


@every_history
async def test_it_replays(file: Path) -> None:
    """In the sandbox, which workers do without: it tells of a clock, a die or an import that doesn't belong there."""
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=SANDBOX)
    await replayer.replay_workflow(read(file))


# Controls: changes that running workflows would not survive must show


@workflow.defn(name="PostmortemWorkflow")
class PostmortemTimerFirst(PostmortemWorkflow):
    @workflow.init
    def __init__(self, start: PostmortemStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PostmortemStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="ActionItemWorkflow")
class ActionItemTimerFirst(ActionItemWorkflow):
    @workflow.init
    def __init__(self, start: ActionItemStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ActionItemStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="PostmortemWorkflow")
class PostmortemUntimed(PostmortemWorkflow):
    """Waits for no reminder."""

    @workflow.init
    def __init__(self, start: PostmortemStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PostmortemStart) -> None:
        await super().run(start)

    def _next_look(self) -> None:
        return None


@workflow.defn(name="ActionItemWorkflow")
class ActionItemUnread(ActionItemWorkflow):
    """Never reads its row."""

    @workflow.init
    def __init__(self, start: ActionItemStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ActionItemStart) -> None:
        await super().run(start)

    async def _load(self) -> None:
        self._stale = False


@workflow.defn(name="VoiceWorkflow")
class VoiceTimerFirst(NotificationsWorkflow):
    @workflow.init
    def __init__(self, start: NotificationsStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: NotificationsStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationTimerFirst(ReconciliationWorkflow):
    @workflow.run
    async def run(self, start: ReconciliationStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="TicketBatchWorkflow")
class TicketBatchTimerFirst(TicketBatchWorkflow):
    @workflow.init
    def __init__(self, start: TicketBatchStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: TicketBatchStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="VoiceWorkflow")
class VoiceUnplanned(NotificationsWorkflow):
    """Asks nobody when to look, and ends."""

    @workflow.init
    def __init__(self, start: NotificationsStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: NotificationsStart) -> None:
        del start


@workflow.defn(name="ChatWorkflow")
class ChatTimerFirst(ChatWorkflow):
    @workflow.run
    async def run(self, delivery: int) -> str:
        await workflow.sleep(timedelta(seconds=1))
        return await super().run(delivery)


@workflow.defn(name="TicketBatchWorkflow")
class TicketBatchUntold(TicketBatchWorkflow):
    """Shows nothing in any case: it tells nobody."""

    @workflow.init
    def __init__(self, start: TicketBatchStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: TicketBatchStart) -> None:
        await super().run(start)

    async def _signal_item(self, item_id: str) -> None:
        pass


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationUnhooked(ReconciliationWorkflow):
    """Does not look after its webhook."""

    @workflow.run
    async def run(self, start: ReconciliationStart) -> None:
        await super().run(replace(start, after=""))


@workflow.defn(name="ExportWorkflow")
class ExportTimerFirst(ExportWorkflow):
    @workflow.run
    async def run(self, start: ExportStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="ImportWorkflow")
class ImportTimerFirst(ImportWorkflow):
    @workflow.run
    async def run(self, start: ImportStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="PublicationWorkflow")
class PublicationTimerFirst(PublicationWorkflow):
    @workflow.run
    async def run(self, start: PublicationStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="CustomerEmailWorkflow")
class CustomerEmailTimerFirst(CustomerEmailWorkflow):
    @workflow.run
    async def run(self, start: CustomerEmailStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="SignInMailWorkflow")
class SignInMailTimerFirst(SignInMailWorkflow):
    @workflow.run
    async def run(self, start: SignInMailStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@workflow.defn(name="MeetingWorkflow")
class MeetingTimerFirst(MeetingWorkflow):
    @workflow.init
    def __init__(self, start: MeetingStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: MeetingStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


BY_TIMER = [
    *(ChatTimerFirst, ExportTimerFirst, ImportTimerFirst, PublicationTimerFirst, CustomerEmailTimerFirst),
    *(MeetingTimerFirst, SignInMailTimerFirst),
]


@every_history
@pytest.mark.parametrize(
    "changed",
    [
        [
            PostmortemTimerFirst,
            ActionItemTimerFirst,
            VoiceTimerFirst,
            TicketBatchTimerFirst,
            ReconciliationTimerFirst,
            *BY_TIMER,
        ],
        [
            PostmortemUntimed,
            ActionItemUnread,
            VoiceUnplanned,
            TicketBatchUntold,
            ReconciliationUnhooked,
            *BY_TIMER,
        ],
    ],
    ids=["timer_first", "less"],
)
async def test_a_change_of_commands_is_noticed(file: Path, changed: list[type[Any]]) -> None:
    replayer = Replayer(
        workflows=changed, data_converter=pydantic_data_converter, workflow_runner=UnsandboxedWorkflowRunner()
    )
    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(read(file))

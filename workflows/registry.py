"""Every workflow that a worker serves."""

from workflows.action_item import ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.postmortem import PostmortemWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.ticket_batch import TicketBatchWorkflow
from workflows.voice import VoiceWorkflow

WORKFLOWS = [
    PostmortemWorkflow,
    ActionItemWorkflow,
    VoiceWorkflow,
    ChatWorkflow,
    ReconciliationWorkflow,
    TicketBatchWorkflow,
]

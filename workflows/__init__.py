"""What happens next, and when. Deterministic; touches the world through activities only.

``WORKFLOWS`` is what a worker serves on ``TASK_QUEUE``; ids are ``postmortem-<pm id>``, ``action-item-<ai id>``,
``voice-<user or team id>``, ``tickets-<batch id>``, ``chat-<delivery>`` and, with the time of the run behind it,
``reconcile-<integration id>``.
"""

from workflows.action_item import ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.postmortem import PostmortemWorkflow
from workflows.queues import TASK_QUEUE
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

__all__ = [
    "TASK_QUEUE",
    "WORKFLOWS",
    "ActionItemWorkflow",
    "ChatWorkflow",
    "PostmortemWorkflow",
    "ReconciliationWorkflow",
    "TicketBatchWorkflow",
    "VoiceWorkflow",
]

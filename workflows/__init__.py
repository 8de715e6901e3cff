"""What happens next, and when. Deterministic; touches the world through activities only.

``WORKFLOWS`` is what a worker serves on ``TASK_QUEUE``; ids are ``postmortem-<pm id>``, ``action-item-<ai id>``
and ``voice-<user or team id>``.
"""

from workflows.action_item import ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.postmortem import PostmortemWorkflow
from workflows.queues import TASK_QUEUE
from workflows.voice import VoiceWorkflow

WORKFLOWS = [PostmortemWorkflow, ActionItemWorkflow, VoiceWorkflow, ChatWorkflow]

__all__ = [
    "TASK_QUEUE",
    "WORKFLOWS",
    "ActionItemWorkflow",
    "ChatWorkflow",
    "PostmortemWorkflow",
    "VoiceWorkflow",
]

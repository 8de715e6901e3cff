"""What happens next, and when. Deterministic; touches the world through activities only.

``WORKFLOWS`` is what a worker serves on ``TASK_QUEUE``; ids are ``postmortem-<pm id>`` and ``action-item-<ai id>``.
"""

from workflows.action_item import ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.postmortem import PostmortemWorkflow
from workflows.queues import TASK_QUEUE

WORKFLOWS = [PostmortemWorkflow, ActionItemWorkflow, ChatWorkflow]

__all__ = ["TASK_QUEUE", "WORKFLOWS", "ActionItemWorkflow", "ChatWorkflow", "PostmortemWorkflow"]

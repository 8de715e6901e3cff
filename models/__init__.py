"""Tables and every SQL statement. One file per noun; ``queries/`` holds the statements, session first.

Importing this package registers every table on ``Base.metadata``.
"""

from models import (
    action_item,
    audit,
    chat,
    content,
    documents,
    escalation,
    incident,
    integration,
    meeting,
    notification,
    person,
    postmortem,
    search,
    sharing,
    team,
    view,
    worker,
)
from models.base import Base

__all__ = [
    "Base",
    "action_item",
    "audit",
    "chat",
    "content",
    "documents",
    "escalation",
    "incident",
    "integration",
    "meeting",
    "notification",
    "person",
    "postmortem",
    "search",
    "sharing",
    "team",
    "view",
    "worker",
]

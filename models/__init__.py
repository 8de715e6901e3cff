"""Tables and every SQL statement. One file per noun; ``queries/`` holds the statements, session first.

Importing this package registers every table on ``Base.metadata``.
"""

from models import (
    action_item,
    attempt,
    audit,
    chat,
    escalation,
    incident,
    installation,
    integration,
    notification,
    person,
    policy,
    postmortem,
    proposal,
    search,
    section,
    team,
    template,
    worker,
)
from models.base import Base

__all__ = [
    "Base",
    "action_item",
    "attempt",
    "audit",
    "chat",
    "escalation",
    "incident",
    "installation",
    "integration",
    "notification",
    "person",
    "policy",
    "postmortem",
    "proposal",
    "search",
    "section",
    "team",
    "template",
    "worker",
]

"""Tables and every SQL statement. One file per noun; ``queries/`` holds the statements, session first.

Importing this package registers every table on ``Base.metadata``.
"""

from models import (
    account,
    action_item,
    api_token,
    audit,
    chat,
    escalation,
    incident,
    integration,
    notification,
    person,
    policy,
    postmortem,
    search,
    section,
    style,
    team,
    template,
    ticket_batch,
    worker,
)
from models.base import Base

__all__ = [
    "Base",
    "account",
    "action_item",
    "api_token",
    "audit",
    "chat",
    "escalation",
    "incident",
    "integration",
    "notification",
    "person",
    "policy",
    "postmortem",
    "search",
    "section",
    "style",
    "team",
    "template",
    "ticket_batch",
    "worker",
]

"""Jira's webhooks about issues: what they tell without being asked back.

https://developer.atlassian.com/cloud/jira/platform/webhooks/

A webhook tells an issue in the words of v2, its description in wiki markup, and perhaps as it was a while ago: only
its name is taken from it, and what became of it is fetched.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, Field, JsonValue

from domain.errors import MalformedWebhook
from integrations.ticket import TicketAction, TicketEvent, TicketRef
from integrations.trackers.jira.answers import User
from integrations.webhook import payload

EVENTS = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted")
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]+-[1-9][0-9]{0,9}")


class _AnyEvent(BaseModel):
    """A webhook of whatever kind."""

    event: str = Field(alias="webhookEvent")


class _ToldIssue(BaseModel):
    """Of the issue only its name is taken; ``fields`` tells whether a status is a closed one."""

    id: str
    key: str
    fields: dict[str, JsonValue] = {}


class _Change(BaseModel):
    """``to_id`` is an id, None for nothing."""

    field: str = ""
    field_id: str | None = Field(default=None, alias="fieldId")
    to_id: str | None = Field(default=None, alias="to")


class _Changelog(BaseModel):
    items: list[_Change] = []


class _IssueEvent(_AnyEvent):
    timestamp: int = Field(ge=0, lt=10**13)
    issue: _ToldIssue
    user: User | None = None
    changelog: _Changelog | None = None


def news(delivery: str, body: bytes) -> Sequence[TicketEvent]:
    """What it tells, nothing for what is not about an issue. Raises ``MalformedWebhook``."""
    if payload(_AnyEvent, body).event not in EVENTS:
        return ()
    event = payload(_IssueEvent, body)
    if not event.issue.id.isdigit() or not KEY.fullmatch(event.issue.key):
        raise MalformedWebhook(where="issue", what="its id or key isn't in Jira's format")
    return (
        TicketEvent(
            delivery_id=delivery,
            action=_action(event),
            ref=TicketRef(event.issue.id, event.issue.key),
            ticket=None,
            actor=event.user.id if event.user else None,
            at=datetime.fromtimestamp(event.timestamp / 1000, UTC),
        ),
    )


def _action(event: _IssueEvent) -> TicketAction:
    if event.event != "jira:issue_updated":
        return TicketAction.OPENED if event.event == "jira:issue_created" else TicketAction.DELETED
    items = event.changelog.items if event.changelog else []
    return _updated({item.field_id or item.field: item for item in items}, event.issue)


def _updated(changed: Mapping[str, _Change], issue: _ToldIssue) -> TicketAction:
    """By the ids of the fields that changed. Whether an open issue was reopened only its cleared resolution tells."""
    action = TicketAction.EDITED
    if "project" in changed or "Key" in changed:
        action = TicketAction.TRANSFERRED
    elif "status" in changed and _is_done(issue.fields):
        action = TicketAction.CLOSED
    elif "resolution" in changed and changed["resolution"].to_id is None:
        action = TicketAction.REOPENED
    elif "assignee" in changed:
        action = TicketAction.ASSIGNED if changed["assignee"].to_id else TicketAction.UNASSIGNED
    return action


def _is_done(fields: Mapping[str, JsonValue]) -> bool:
    status = fields.get("status")
    category = status.get("statusCategory") if isinstance(status, dict) else None
    return isinstance(category, dict) and category.get("key") == "done"

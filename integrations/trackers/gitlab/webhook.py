"""What GitLab's webhooks say.

https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from domain.errors import MalformedWebhook
from integrations.ticket import News, TicketAction, TicketEvent, TicketRef
from integrations.trackers.gitlab.answers import User
from integrations.trackers.gitlab.paths import KEY
from integrations.webhook import payload

KINDS = frozenset({"issue", "work_item", "incident"})
"""A work item has the id and the number of an issue; GitLab names it so if it was changed in its newer pages, or is no
plain issue."""
_ACTIONS = {
    "open": TicketAction.OPENED,
    "close": TicketAction.CLOSED,
    "reopen": TicketAction.REOPENED,
    "update": TicketAction.EDITED,
}


class _AnyEvent(BaseModel):
    object_kind: str


class _EventProject(BaseModel):
    path_with_namespace: str


class _EventIssue(BaseModel):
    id: int
    iid: int
    title: str
    state: Literal["opened", "closed"]
    action: str | None = None


class _EventAssignees(BaseModel):
    previous: list[User] = []
    current: list[User] = []


class _EventChanges(BaseModel):
    assignees: _EventAssignees | None = None


class _IssueEvent(_AnyEvent):
    user: User | None = None
    project: _EventProject
    object_attributes: _EventIssue
    changes: _EventChanges = _EventChanges()


def news(delivery: str, body: bytes) -> Sequence[News]:
    """What a delivery says of tickets; nothing for what we do not use. Raises ``MalformedWebhook``."""
    if payload(_AnyEvent, body).object_kind not in KINDS:
        return ()
    event = payload(_IssueEvent, body)
    issue = event.object_attributes
    action = _ACTIONS.get(issue.action or "update", TicketAction.EDITED)
    if action is TicketAction.EDITED and event.changes.assignees is not None:
        action = TicketAction.ASSIGNED if event.changes.assignees.current else TicketAction.UNASSIGNED
    key = f"{event.project.path_with_namespace}#{issue.iid}"
    if not KEY.fullmatch(key):
        raise MalformedWebhook(where="project.path_with_namespace", what="not the path of a project")
    actor = str(event.user.id) if event.user else None
    return (TicketEvent(delivery, action, TicketRef(str(issue.id), key), None, actor),)

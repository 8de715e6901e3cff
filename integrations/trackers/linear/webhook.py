"""What Linear's webhooks say: https://linear.app/developers/webhooks"""

from collections.abc import Sequence

from pydantic import AwareDatetime, JsonValue

from integrations.ticket import News, PullRequestEvent, Ticket, TicketAction, TicketEvent
from integrations.trackers.linear.answers import Body, Pull, pull_request_of
from integrations.trackers.linear.status import standing_of
from integrations.trackers.linear.wire import Node, Wire, id_of, in_utc


class AnyEvent(Wire):
    """An event of whatever kind; the time is signed with the rest, so an event without one is none of Linear's."""

    type: str
    action: str
    webhook_timestamp: float


class IssueData(Body):
    assignee_id: str | None = None
    creator_id: str | None = None
    team_id: str | None = None

    def as_ticket(self) -> Ticket:
        return self.ticket(self.assignee_id, self.creator_id, None)


class IssueEvent(AnyEvent):
    actor: Node | None = None
    data: IssueData
    updated_from: dict[str, JsonValue] | None = None


class PullData(Pull):
    issue_id: str
    updated_at: AwareDatetime | None = None


class PullEvent(AnyEvent):
    data: PullData


class Stamp(Wire):
    webhook_timestamp: float


def pull_news(delivery: str, event: PullEvent) -> Sequence[News]:
    pull = pull_request_of(event.data)
    if pull is None or event.action == "remove":
        return ()
    return (PullRequestEvent(delivery, (event.data.issue_id,), pull, in_utc(event.data.updated_at)),)


def issue_news(delivery: str, event: IssueEvent) -> TicketEvent:
    ticket = event.data.as_ticket()
    action = _action(event)
    return TicketEvent(
        delivery_id=delivery,
        action=action,
        ref=ticket.ref,
        ticket=None if action is TicketAction.DELETED else ticket,
        actor=id_of(event.actor),
        at=ticket.updated_at,
        moved_to=ticket if action is TicketAction.TRANSFERRED else None,
    )


def _action(event: IssueEvent) -> TicketAction:
    """``updatedFrom`` holds what the fields were that have changed."""
    issue, before = event.data, event.updated_from or {}
    if issue.is_gone() or (event.action == "remove" and issue.archived_at is None):
        return TicketAction.DELETED
    if event.action == "create":
        return TicketAction.OPENED
    if "teamId" in before and before["teamId"] != issue.team_id:
        return TicketAction.TRANSFERRED
    if "stateId" in before and before["stateId"] != issue.state.id:
        closed = standing_of(issue.state).state.is_closed
        was_closed = any(before.get(name) for name in ("completedAt", "canceledAt"))
        if closed != was_closed:
            return TicketAction.CLOSED if closed else TicketAction.REOPENED
    elif "assigneeId" in before and before["assigneeId"] != issue.assignee_id:
        return TicketAction.ASSIGNED if issue.assignee_id else TicketAction.UNASSIGNED
    return TicketAction.EDITED

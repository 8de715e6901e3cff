"""Request and response shapes of action items and their tickets."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import Day, Given, Patch, Ref, Shape, Short, StrictlyGiven, Text
from domain.action_items.action_item import ActionItemStatus, ActionItemType, LinkState, Priority, is_overdue
from integrations.fields import Instant, Words
from models.action_item import ActionItem


class PullRequestOut(Shape):
    """``state`` is open, merged, or closed."""

    url: str
    title: str
    state: str


class TicketOut(Shape):
    id: str
    integration_id: str
    tracker: str
    key: str | None
    url: str | None
    status: str | None
    assignee: str | None
    link_state: LinkState
    detail: str | None
    last_synced_at: datetime | None
    pull_requests: list[PullRequestOut]


class ActionItemOut(Shape):
    id: str
    version: int
    postmortem_id: str
    description: str
    details: str | None
    owner_id: str | None
    due_date: date | None
    priority: Priority
    status: ActionItemStatus
    type: ActionItemType | None
    overdue: bool
    justification: str | None
    due_date_moves: int
    snoozed_until: datetime | None
    completed_at: datetime | None
    tickets: list[TicketOut]
    created_at: datetime
    updated_at: datetime


READ_ONLY = frozenset(
    {
        "id",
        "version",
        "postmortemId",
        "overdue",
        "dueDateMoves",
        "snoozedUntil",
        "completedAt",
        "tickets",
        "createdAt",
        "updatedAt",
    }
)


class ActionItemNew(StrictlyGiven):
    read_only = READ_ONLY

    description: Annotated[str, Words(2000)]
    details: Text = None
    owner_id: Ref | None = None
    due_date: Day | None = None
    priority: Priority = Priority.MEDIUM
    status: ActionItemStatus = ActionItemStatus.OPEN
    type: ActionItemType | None = None
    justification: Short = None

    def columns(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "details": self.details,
            "owner_id": self.owner_id,
            "due_on": self.due_date,
            "priority": self.priority.value,
            "status": self.status.value,
            "type": self.type and self.type.value,
            "justification": self.justification,
        }


class ActionItemChanges(StrictlyGiven):
    """What one item and many can change alike."""

    owner_id: Ref | None = None
    due_date: Day | None = None
    priority: Priority = Priority.MEDIUM
    status: ActionItemStatus = ActionItemStatus.OPEN
    type: ActionItemType | None = None
    justification: Short = None
    reason: Short = None

    def columns(self) -> dict[str, Any]:
        """Only what was sent, without the reason."""
        sent = self.given()
        sent.pop("reason", None)
        if "due_date" in sent:
            sent["due_on"] = sent.pop("due_date")
        return {
            name: value.value if isinstance(value, Priority | ActionItemStatus | ActionItemType) else value
            for name, value in sent.items()
        }


class ActionItemPatch(Patch, ActionItemChanges):
    """Changing the due date needs a ``reason``; WONT_DO needs a ``justification``."""

    answer = ActionItemOut

    read_only = READ_ONLY

    description: Annotated[str, Words(2000)] = Field(default="")
    details: Text = None


class BulkProblem(Shape):
    code: str
    title: str
    detail: str


class BulkChanges(ActionItemChanges):
    """Changing the due date needs a ``reason``; WONT_DO needs a ``justification``."""


class BulkIn(Given):
    ids: Annotated[list[Ref], Field(min_length=1, max_length=200)]
    changes: BulkChanges

    @field_validator("changes")
    @classmethod
    def _something(cls, given: BulkChanges) -> BulkChanges:
        if not given.columns():
            raise PydanticCustomError("nothing", "Send at least one field to change")
        return given


class BulkResult(Shape):
    """``problem`` says why an item was left as it was. ``status`` is 200, 403, 404, or 409."""

    id: str
    status: int
    problem: BulkProblem | None


class BulkOut(Shape):
    """In the order of the ids, each once."""

    results: list[BulkResult]


class SnoozeIn(Given):
    """``until`` null ends the snooze."""

    until: Instant | None


class TicketIn(Given):
    """Creates a ticket, or links an existing one with ``url`` or ``key``. You can leave out ``integrationId`` if
    there is only one tracker."""

    integration_id: Ref | None = None
    url: Annotated[str, Words(2000, one_line=True)] | None = None
    key: Annotated[str, Words(200, one_line=True)] | None = None


CSV_COLUMNS = (
    "id",
    "postmortemId",
    "description",
    "ownerId",
    "dueDate",
    "priority",
    "status",
    "overdue",
    "tickets",
    "type",
)


def csv_row(item: ActionItem, now: datetime) -> list[str]:
    return [
        item.id,
        item.postmortem_id,
        item.description,
        item.owner_id or "",
        item.due_on.isoformat() if item.due_on else "",
        item.priority,
        item.status,
        "yes" if is_overdue(ActionItemStatus(item.status), item.due_on, now) else "no",
        " ".join(one.url or one.key or one.link_state for one in item.tickets),
        item.type or "",
    ]

"""Request and response shapes of a dry run."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import Day, Ref, Shape, StrictlyGiven, Text
from application.connections.dry_run import DryRun, Sample
from domain.action_items.action_item import ActionItemStatus, Priority
from integrations.fields import Words


class SampleIn(StrictlyGiven):
    """An example action item."""

    description: Annotated[str, Words(2000)] = "Try the connection"
    details: Text = None
    owner_id: Ref | None = None
    due_date: Day | None = None
    priority: Priority = Priority.MEDIUM
    status: ActionItemStatus = ActionItemStatus.OPEN
    team_ids: Annotated[list[Ref], Field(max_length=20)] = Field(default_factory=list)
    service_ids: Annotated[list[Ref], Field(max_length=20)] = Field(default_factory=list)

    def as_sample(self) -> Sample:
        return Sample(
            description=self.description,
            details=self.details,
            owner_id=self.owner_id,
            due_on=self.due_date,
            priority=self.priority,
            status=self.status,
            team_ids=tuple(self.team_ids),
            service_ids=tuple(self.service_ids),
        )


class DryRunIn(StrictlyGiven):
    """An existing action item or a sample; without either, a default sample."""

    action_item_id: Ref | None = None
    sample: SampleIn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "DryRunIn":
        if self.action_item_id and self.sample:
            raise PydanticCustomError("both", "Send an actionItemId or a sample, not both")
        return self

    def subject(self) -> str | Sample:
        """The id of an action item, or a sample."""
        return self.action_item_id or (self.sample or SampleIn()).as_sample()


class FieldOut(Shape):
    """``value`` is what Afterword would send, ``now`` what the ticket has; null if there is no ticket yet. ``note``
    explains it."""

    field: str
    name: str
    value: JsonValue
    now: str | None = None
    differs: bool
    note: str | None = None


class LackingOut(Shape):
    """A required field without a valid value. ``options`` maps allowed values to their names."""

    id: str
    name: str
    kind: str
    options: dict[str, str]
    message: str


class DryRunOut(Shape):
    """``ok``: no problems. ``operation`` is ``create``, or ``update`` of the ticket ``key``. If two values differ,
    the one that changed since both last matched wins. ``problems`` are what the tracker refused."""

    ok: bool
    operation: Literal["create", "update"]
    key: str | None
    fields: list[FieldOut]
    missing: list[LackingOut]
    unmatched_owner: str | None
    problems: list[str]


def dry_run_out(found: DryRun) -> DryRunOut:
    return DryRunOut.model_validate(found, from_attributes=True)

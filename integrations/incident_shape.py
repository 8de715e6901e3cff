"""An incident in this project's own shape, as the generic webhook and ``POST /api/incidents`` take it.

**Which instant a report speaks of** decides which of two reports wins. It is ``updatedAt``; without it the latest
instant that the report names; without any, when it was received. So a late arrival never undoes what came later, and
a source that reopens an incident, or corrects what it said (also the start, of which else the earliest word counts),
says ``updatedAt``. RESOLVED without ``resolvedAt``, ``updatedAt`` and timeline speaks of when it was received.
"""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StrictBool, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from domain.incidents.incident import IncidentReport, IncidentStatus, Responder, TimelineMark, Urgency, latest_instant
from integrations.fields import BLANK_IS_NONE, Email, Instant, Link, MaybeName, Name, Words


class Inbound(BaseModel):
    """camelCase outside; unknown fields are ignored; no error repeats what was sent."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class ResponderIn(Inbound):
    """An e-mail address alone, or with a name."""

    email: Email
    name: MaybeName = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_email(cls, given: Any) -> Any:
        return {"email": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(core))
        return {"title": cls.__name__, "anyOf": [whole["properties"]["email"], whole]}


class TimelineEntryIn(Inbound):
    at: Instant
    event: Annotated[str, Words(10_000)]
    actor: MaybeName = None


class IncidentIn(Inbound):
    """An incident or an update of one: the same ``source`` and ``externalId`` again is an update. Null means no
    information."""

    external_id: Name
    source: Annotated[str, Words(50, one_line=True)] = "generic"
    title: Annotated[Annotated[str, Words(300, one_line=True, blank=True)] | None, BLANK_IS_NONE] = None
    description: Annotated[Annotated[str, Words(100_000, blank=True)] | None, BLANK_IS_NONE] = None
    urgency: Urgency | None = None
    status: IncidentStatus | None = None
    started_at: Instant | None = None
    acknowledged_at: Instant | None = None
    acknowledged_by: Email | None = Field(default=None, description="E-mail of the person who acknowledged first.")
    resolved_at: Instant | None = None
    updated_at: Instant | None = Field(
        default=None, description="The time that this report describes. A report with a later time wins."
    )
    services: list[Name] | None = Field(default=None, max_length=200)
    team_id: MaybeName = None
    responders: list[ResponderIn] | None = Field(default=None, max_length=200)
    url: Link | None = None
    customer_impact: StrictBool | None = None
    data_loss: StrictBool | None = None
    security: StrictBool | None = None
    false_positive: StrictBool | None = None
    auto_resolved: StrictBool | None = None
    near_miss: StrictBool | None = None
    timeline: list[TimelineEntryIn] | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.started_at and self.resolved_at and self.resolved_at < self.started_at:
            raise PydanticCustomError("resolved_before_started", "resolvedAt is earlier than startedAt")
        return self

    def report(self, received_at: datetime, event_id: str | None = None) -> IncidentReport:
        """What this says, as of the instant that it speaks of; ``received_at`` is aware and in UTC."""
        return IncidentReport(
            source=self.source,
            external_id=self.external_id,
            occurred_at=self._occurred_at() or received_at,
            received_at=received_at,
            corrects=self.updated_at is not None,
            event_id=event_id,
            title=self.title,
            description=self.description,
            urgency=self.urgency,
            status=self.status,
            started_at=self.started_at,
            acknowledged_at=self.acknowledged_at,
            acknowledged_by=self.acknowledged_by,
            resolved_at=self.resolved_at,
            services=tuple(self.services or ()),
            team_id=self.team_id,
            responders=tuple(Responder(one.email, one.name) for one in self.responders or ()),
            url=self.url,
            customer_impact=self.customer_impact,
            data_loss=self.data_loss,
            security=self.security,
            false_positive=self.false_positive,
            auto_resolved=self.auto_resolved,
            near_miss=self.near_miss,
            timeline=tuple(TimelineMark(one.at, one.event, one.actor) for one in self.timeline or ()),
        )

    def _occurred_at(self) -> datetime | None:
        if self.updated_at:
            return self.updated_at
        if self.status is IncidentStatus.RESOLVED and not (self.resolved_at or self.timeline):
            return None
        marks = [one.at for one in self.timeline or ()]
        return latest_instant([self.started_at, self.acknowledged_at, self.resolved_at, *marks])

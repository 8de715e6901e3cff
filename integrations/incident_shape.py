"""An incident in this project's own shape, as the generic webhook and ``POST /api/incidents`` take it.

**Which of two reports wins** is decided by ``updatedAt`` if the sender gives one, otherwise by when we received them;
never by the instants that they speak of. A feed may do either or both: what we received later decides between a report
with ``updatedAt`` and one without. So an incident is resolved by saying so, whenever it ended, and reopened by
saying so. ``updatedAt`` is for feeds whose reports may overtake each other, and corrects an earlier start. One that is
in the future counts as the time of receipt. RESOLVED without ``resolvedAt`` means that it ended at ``updatedAt``, or
when we received the report.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, StrictBool, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from domain.incidents.incident import IncidentReport, IncidentStatus, OrderedBy, Responder, TimelineMark, Urgency
from integrations.fields import BLANK_IS_NONE, Email, Instant, Link, MaybeName, Name, Reported, Words


class Inbound(Reported):
    """camelCase outside; unknown fields are ignored; no error repeats what was sent."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class ResponderIn(Inbound):
    """An e-mail address alone, or with a name. Left out without an address."""

    email: Email | None = None
    name: MaybeName = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_email(cls, given: Any) -> Any:
        return {"email": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(core))
        return {"title": cls.__name__, "anyOf": [whole["properties"]["email"]["anyOf"][0], whole]}


class TimelineEntryIn(Inbound):
    """Left out without a time or an event."""

    at: Instant | None = None
    event: Annotated[str, Words(10_000)] | None = None
    actor: MaybeName = None


class IncidentIn(Inbound):
    """An incident or an update of one: the same ``source`` and ``externalId`` again is an update. Null and
    blank values mean no information."""

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

    def report(self, received_at: datetime, event_id: str | None = None) -> IncidentReport:
        """What this says; ``received_at`` is aware and in UTC."""
        responders = [Responder(one.email, one.name) for one in self.responders or () if one.email]
        marks = [TimelineMark(one.at, one.event, one.actor) for one in self.timeline or () if one.at and one.event]
        return IncidentReport(
            source=self.source,
            external_id=self.external_id,
            occurred_at=self.updated_at or received_at,
            received_at=received_at,
            ordered_by=OrderedBy.SENDER if self.updated_at else OrderedBy.RECEIPT,
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
            responders=tuple(responders),
            url=self.url,
            customer_impact=self.customer_impact,
            data_loss=self.data_loss,
            security=self.security,
            false_positive=self.false_positive,
            auto_resolved=self.auto_resolved,
            near_miss=self.near_miss,
            timeline=tuple(marks),
            left_out=len(self.responders or ()) - len(responders) + len(self.timeline or ()) - len(marks),
        )

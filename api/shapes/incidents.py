"""Requests and answers about incidents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from api.shapes.base import Patch, Shape
from domain.incidents.incident import IncidentStatus, Urgency
from domain.incidents.state import IncidentState
from domain.incidents.warnings import standing_warnings
from integrations.incident_shape import IncidentIn
from models.incident import Incident
from models.queries.incidents.incidents import ShownIncident


class TriggerOut(Shape):
    name: str
    kind: str
    message: str


class DecisionOut(Shape):
    """``decision`` is required, recommended, or skip; ``decidedBy`` is the trigger that decided it."""

    decision: str
    decided_by: str
    triggers: list[TriggerOut]


class IncidentEventOut(Shape):
    at: datetime
    event: str
    actor: str | None = None


class IncidentOut(Shape):
    id: str
    version: int
    external_id: str
    source: str
    title: str
    description: str | None
    urgency: Urgency
    status: IncidentStatus
    started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    duration_minutes: int | None
    services: list[str]
    team_id: str | None
    responders: list[str]
    url: str | None
    customer_impact: bool
    data_loss: bool
    security: bool
    false_positive: bool
    auto_resolved: bool
    near_miss: bool
    timeline: list[IncidentEventOut]
    decision: DecisionOut | None
    postmortem_id: str | None
    postmortem_ids: list[str]
    warnings: list[str] = Field(
        description="What is doubtful about the incident, and after a report what of it wasn't used, and why."
    )
    created_at: datetime
    updated_at: datetime


class IncidentPatch(Patch, IncidentIn):
    """A correction. The values that you send override earlier reports."""

    answer = IncidentOut

    external_id: str = Field(default="", exclude=True)


def incident_json(found: ShownIncident) -> dict[str, Any]:
    """The JSON of an incident; its shape is :class:`IncidentOut`."""
    return incident_out(found, found.postmortem_ids).model_dump(by_alias=True)


def incident_out(
    incident: Incident | ShownIncident, postmortem_ids: list[str], warnings: Sequence[str] | None = None
) -> IncidentOut:
    """``warnings`` are those about a report that was just received."""
    merged = IncidentState.from_json(incident.registers).incident()
    return IncidentOut(
        id=incident.id,
        version=incident.version,
        external_id=incident.external_id,
        source=incident.source,
        title=merged.title,
        description=merged.description,
        urgency=merged.urgency,
        status=merged.status,
        started_at=merged.started_at,
        acknowledged_at=merged.acknowledged_at,
        acknowledged_by=merged.acknowledged_by,
        resolved_at=merged.resolved_at,
        duration_minutes=merged.span.minutes,
        services=list(merged.services),
        team_id=incident.team_id,
        responders=[one.email for one in merged.responders],
        url=merged.url,
        customer_impact=merged.customer_impact,
        data_loss=merged.data_loss,
        security=merged.security,
        false_positive=merged.false_positive,
        auto_resolved=merged.auto_resolved,
        near_miss=merged.near_miss,
        timeline=[IncidentEventOut(at=one.at, event=one.event, actor=one.actor) for one in merged.timeline],
        decision=DecisionOut.model_validate(incident.decision) if incident.decision else None,
        postmortem_id=postmortem_ids[0] if postmortem_ids else None,
        postmortem_ids=postmortem_ids,
        warnings=list(standing_warnings(merged) if warnings is None else warnings),
        created_at=incident.created_at,
        updated_at=incident.updated_at,
    )

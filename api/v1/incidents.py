"""Incidents: report them, read them, and open their postmortem."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, Shape, ask, expected_version, tag
from api.shapes.postmortems import PostmortemOut
from api.v1.postmortems.postmortems import RefQuery, read, start_after_commit
from api.v1.routing import router
from domain import access
from domain.access import Deed
from domain.errors import NotAllowed, StaleVersion
from domain.incidents.incident import IncidentState, IncidentStatus, Urgency
from integrations.incident_shape import IncidentIn
from models.incident import Incident
from models.queries.incidents import incidents
from models.queries.incidents.incidents import IncidentFilters
from models.queries.pagination import Ask
from models.queries.people.teams import check_teams

routes: APIRouter = router("incidents", prefix="/incidents")


class TriggerOut(Shape):
    name: str
    kind: str
    message: str


class DecisionOut(Shape):
    """``decision`` is required, recommended or skip; ``decidedBy`` is the trigger that made it so."""

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
    created_at: datetime
    updated_at: datetime


class IncidentPatch(IncidentIn):
    """A correction, as of now: what is given wins over what was reported before."""

    external_id: str = Field(default="", exclude=True)


def incident_out(incident: Incident, postmortem_ids: list[str]) -> IncidentOut:
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
        created_at=incident.created_at,
        updated_at=incident.updated_at,
    )


async def _out(context: RequestContext, incident: Incident) -> IncidentOut:
    """With the postmortems that the viewer may see."""
    found = await incidents.postmortems_of(context.session, context.viewer, [incident.id])
    return incident_out(incident, found.get(incident.id, []))


@routes.get("")
async def list_incidents(
    context: Context,
    page: Annotated[Ask, Depends(ask)],
    status: IncidentStatus | None = None,
    source: Annotated[str | None, Query(max_length=50, pattern=r"^[^\x00]*$")] = None,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
) -> Listing[IncidentOut]:
    """Newest first."""
    wanted = IncidentFilters(status=status, source=source, team_id=team_id)
    found = await incidents.list_incidents(context.session, wanted, page)
    linked = await incidents.postmortems_of(context.session, context.viewer, [one.id for one in found.items])
    return Listing(
        items=[incident_out(one, linked.get(one.id, [])) for one in found.items], next_cursor=found.next_cursor
    )


@routes.post("", status_code=201, responses={200: {"model": IncidentOut, "description": "An update of a known one"}})
async def report_incident(context: Context, given: IncidentIn, response: Response) -> IncidentOut:
    """Reports an incident. The same ``source`` and ``externalId`` again is an update, answered with 200.

    Once it is RESOLVED and a required trigger fires, its postmortem is opened.
    """
    _check_may_report(context)
    if given.team_id:
        await check_teams(context.session, "teamId", [given.team_id])
    received = await incidents.receive(context.session, context.viewer, given.report(context.now), context.now)
    _start(context, received)
    response.status_code = 201 if received.is_new else 200
    response.headers["Location"] = f"/api/incidents/{received.incident.id}"
    await context.session.flush()
    tag(response, received.incident.version)
    return await _out(context, received.incident)


def _check_may_report(context: RequestContext) -> None:
    if not access.may_do(Deed.REPORT, access.standings(context.viewer)):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


def _start(context: RequestContext, received: incidents.Received) -> None:
    if received.postmortem_id:
        start_after_commit(context, received.postmortem_id)


@routes.get("/{incident_id}")
async def get_incident(context: Context, incident_id: PathId, response: Response) -> IncidentOut:
    incident = await incidents.get_incident(context.session, incident_id)
    tag(response, incident.version)
    return await _out(context, incident)


@routes.patch("/{incident_id}")
async def correct_incident(
    context: Context, incident_id: PathId, given: IncidentPatch, response: Response, if_match: IfMatch = None
) -> IncidentOut:
    """Corrects or moves it on, as of now unless ``updatedAt`` says otherwise."""
    _check_may_report(context)
    incident = await incidents.get_incident(context.session, incident_id, lock=True)
    expected = expected_version(if_match)
    if expected is not None and expected != incident.version:
        raise StaleVersion(expected=str(expected), current=incident.version)
    if given.team_id:
        await check_teams(context.session, "teamId", [given.team_id])
    told = given.model_copy(
        update={
            "external_id": incident.external_id,
            "source": incident.source,
            "updated_at": given.updated_at or context.now,
        }
    )
    received = await incidents.receive(context.session, context.viewer, told.report(context.now), context.now)
    _start(context, received)
    await context.session.flush()
    tag(response, received.incident.version)
    return await _out(context, received.incident)


@routes.get("/{incident_id}/decision")
async def get_decision(context: Context, incident_id: PathId) -> DecisionOut:
    """Whether it needs a postmortem, and which triggers fired; 409 until it is resolved."""
    incident = await incidents.get_incident(context.session, incident_id)
    return DecisionOut.model_validate(incidents.decision_json(await incidents.decide(context.session, incident)))


@routes.post("/{incident_id}/postmortem", status_code=201)
async def open_postmortem(context: Context, incident_id: PathId, response: Response) -> PostmortemOut:
    """Opens the postmortem of a resolved incident, prefilled, with you as its author."""
    postmortem_id = await incidents.open_from_incident(context.session, context.viewer, incident_id, context.now)
    start_after_commit(context, postmortem_id)
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}"
    return await read(context, postmortem_id, response)

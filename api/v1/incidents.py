"""Incidents: report them, read them, and open their postmortem."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.answers import NOT_MODIFIED, hashed_answer, json_answer, matches, not_modified, state_tag
from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, IfNoneMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.filters.incidents import incident_filters
from api.shapes.incidents import DecisionOut, IncidentOut, IncidentPatch, incident_json, incident_out
from api.shapes.postmortems import PostmortemOut
from api.v1.postmortems.postmortems import read
from api.v1.routing import router
from application.incidents.decisions import decide, decision_json
from application.incidents.opening import open_from_incident
from application.incidents.reports import ReceivedReport
from application.incidents.reports import correct_incident as correct
from application.incidents.reports import report_incident as take_in
from domain.incidents.incident import OrderedBy
from integrations.incident_shape import IncidentIn
from models.incident import Incident
from models.queries.incidents import incidents
from models.queries.incidents.incidents import IncidentFilters
from models.queries.pagination import Ask

routes: APIRouter = router("incidents", prefix="/incidents")


async def _out(context: RequestContext, incident: Incident, warnings: Sequence[str] | None = None) -> IncidentOut:
    """With the postmortems that the viewer may see."""
    found = await incidents.list_postmortem_ids(context.session, context.viewer, [incident.id])
    return incident_out(incident, found.get(incident.id, []), warnings)


@routes.get("", response_model=Listing[IncidentOut], responses=NOT_MODIFIED)
async def list_incidents(
    context: Context,
    page: Annotated[Ask, Depends(ask)],
    filters: Annotated[IncidentFilters, Depends(incident_filters)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Newest first. ``q`` finds words of the title, the external id, and services."""
    found = await incidents.list_shown_incidents(context.session, context.viewer, filters, page)
    items = [incident_json(one) for one in found.items]
    return hashed_answer({"items": items, "nextCursor": found.next_cursor}, if_none_match)


@routes.post(
    "", status_code=201, responses={200: {"model": IncidentOut, "description": "An update of an existing incident"}}
)
async def report_incident(context: Context, given: IncidentIn, response: Response) -> IncidentOut:
    """Reports an incident. Sending the same ``source`` and ``externalId`` again updates it and returns 200.

    Once it is RESOLVED and a required trigger applies, Afterword starts its postmortem.
    """
    received = await take_in(context.session, context.viewer, given.report(context.now), context.now)
    response.status_code = 201 if received.is_new else 200
    response.headers["Location"] = f"/api/incidents/{received.incident.id}"
    return await _answer(context, received, response)


async def _answer(context: RequestContext, received: ReceivedReport, response: Response) -> IncidentOut:
    for postmortem_id in received.touched:
        context.start_workflow_after_commit(postmortem_id)
    tag(response, received.incident.version)
    return await _out(context, received.incident, received.warnings)


@routes.get("/{incident_id}", response_model=IncidentOut, responses=NOT_MODIFIED)
async def get_incident(context: Context, incident_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """Returns an incident, with the decision about its postmortem."""
    found = await incidents.get_shown_incident(context.session, context.viewer, incident_id)
    tag = state_tag(found.version, found.updated_at, found.registers, found.decision, found.postmortem_ids)
    if if_none_match is not None and matches(if_none_match, tag):
        return not_modified(tag)
    return json_answer(incident_json(found), tag)


@routes.patch("/{incident_id}")
async def update_incident(
    context: Context, incident_id: PathId, given: IncidentPatch, response: Response, if_match: IfMatch = None
) -> IncidentOut:
    """Changes an incident, as of now or as of ``updatedAt``."""
    await given.check_unchanged(lambda: get_incident(context, incident_id))
    report = given.report(context.now)
    if given.updated_at is None:
        report = replace(report, ordered_by=OrderedBy.PERSON, corrects=True)
    expected = expected_version(if_match)
    received = await correct(context.session, context.viewer, incident_id, report, expected, context.now)
    return await _answer(context, received, response)


@routes.get("/{incident_id}/decision")
async def get_incident_decision(context: Context, incident_id: PathId) -> DecisionOut:
    """Shows whether the incident needs a postmortem and which triggers apply. Returns 409 until it is resolved."""
    incident = await incidents.get_incident(context.session, incident_id)
    return DecisionOut.model_validate(decision_json(await decide(context.session, incident)))


@routes.post("/{incident_id}/postmortem", status_code=201, response_model=PostmortemOut)
async def create_postmortem_from_incident(context: Context, incident_id: PathId) -> Response:
    """Starts the postmortem of a resolved incident, prefilled, with you as the author."""
    postmortem_id = await open_from_incident(context.session, context.viewer, incident_id, context.now)
    context.start_workflow_after_commit(postmortem_id)
    return await read(context, postmortem_id, status=201, location=f"/api/postmortems/{postmortem_id}")

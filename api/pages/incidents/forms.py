"""Forms that report an incident by hand, and change what was reported of one."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import Response

from api.pages.form_fields import sent_version
from api.pages.postmortems.events import instant_of
from api.pages.postmortems.opened import local_field
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.incidents import IncidentOut, IncidentPatch, incident_out
from application.incidents.reports import ReceivedReport, correct_incident, report_incident
from domain import access
from domain.access import OrganizationVerb
from domain.errors import DomainError, NotAllowed
from domain.incidents.incident import IncidentStatus, OrderedBy, Urgency
from integrations.incident_shape import IncidentIn
from models.base import new_id
from models.queries.incidents import incidents
from models.queries.people import choices

routes = router()

SOURCE = "afterword"
"""The source of incidents that people report on the page."""
FLAGS = {
    "customerImpact": "Customers were affected",
    "dataLoss": "Data was lost",
    "security": "It is a security incident",
    "nearMiss": "It was a near miss",
    "falsePositive": "It was a false alarm",
}
INSTANTS = ("startedAt", "acknowledgedAt", "resolvedAt")
TEXTS = ("title", "description", "urgency", "status", "teamId", "url")
LISTS = ("services", "responders")


def may_report(visit: Visit) -> bool:
    relations = access.organization_relations(visit.context.viewer)
    return bool(visit.request.state.frame["may_write"]) and access.may_in_organization(
        OrganizationVerb.REPORT, relations
    )


def _check_may_report(visit: Visit) -> None:
    if not may_report(visit):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


@routes.get("/incidents/new")
async def new(visit: Visiting) -> Response:
    zone = visit.context.person.time_zone
    return await _form(visit, {"urgency": "HIGH", "status": "OPEN", "startedAt": local_field(visit.context.now, zone)})


@routes.post("/incidents")
async def report(visit: Visiting) -> Response:
    context, received = visit.context, list[ReceivedReport]()

    async def work() -> None:
        given = _given(visit, {}) | {"externalId": new_id("manual"), "source": SOURCE}
        asked = read_form(IncidentIn, given)
        received.append(await report_incident(context.session, context.viewer, asked.report(context.now), context.now))
        _start_workflows(visit, received[0])

    if refusal := await attempted(visit, work()):
        return await _form(visit, visit.form, refusal)
    return to(f"/incidents/{received[0].incident.id}")


@routes.get("/incidents/{incident_id}/edit")
async def edit(visit: Visiting, incident_id: PathId) -> Response:
    incident = await _read(visit, incident_id)
    return await _form(visit, _texts(visit, incident), incident=incident)


@routes.post("/incidents/{incident_id}")
async def correct(visit: Visiting, incident_id: PathId) -> Response:
    """Only what differs from what is known is a correction, which later reports don't undo."""
    _check_may_report(visit)
    context, incident = visit.context, await _read(visit, incident_id)

    async def work() -> None:
        given = _given(visit, _texts(visit, incident))
        if not given:
            return
        asked = replace(read_form(IncidentPatch, given).report(context.now), ordered_by=OrderedBy.PERSON, corrects=True)
        expected = sent_version(visit.form)
        received = await correct_incident(context.session, context.viewer, incident_id, asked, expected, context.now)
        _start_workflows(visit, received)

    if refusal := await attempted(visit, work()):
        return await _form(visit, visit.form, refusal, incident)
    return to(f"/incidents/{incident_id}")


async def _read(visit: Visit, incident_id: str) -> IncidentOut:
    found = await incidents.get_shown_incident(visit.context.session, visit.context.viewer, incident_id)
    return incident_out(found, found.postmortem_ids)


def _start_workflows(visit: Visit, received: ReceivedReport) -> None:
    for postmortem_id in received.touched:
        visit.context.start_workflow_after_commit(postmortem_id)


async def _form(
    visit: Visit,
    shown: Any,
    refusal: DomainError | None = None,
    incident: IncidentOut | None = None,
) -> Response:
    """Raises NotAllowed."""
    _check_may_report(visit)
    session = visit.context.session
    return await show(
        visit,
        "incidents/form.html",
        refusal,
        incident=incident,
        shown=shown,
        flags=FLAGS,
        statuses=[one.value for one in IncidentStatus],
        urgencies=[one.value for one in Urgency],
        teams=await choices.list_team_choices(session),
        services=await choices.list_service_choices(session),
    )


def _texts(visit: Visit, incident: IncidentOut) -> dict[str, str]:
    """What is known of it, as the form shows it."""
    known = incident.model_dump(by_alias=True)
    zone = visit.context.person.time_zone

    def local(at: datetime | None) -> str:
        return local_field(at, zone) if at else ""

    return {
        **{name: str(known[name] or "") for name in TEXTS},
        **{name: local(known[name]) for name in INSTANTS},
        **{name: ", ".join(known[name]) for name in LISTS},
        **{name: "yes" if known[name] else "" for name in FLAGS},
    }


def _given(visit: Visit, known: dict[str, str]) -> dict[str, Any]:
    """What the form says otherwise than ``known``, as the API takes it. Raises Malformed."""
    form, zone = visit.form, visit.context.person.time_zone
    given: dict[str, Any] = {}
    for name in TEXTS:
        text = form.get(name, "").strip()
        if text and text != known.get(name, ""):
            given[name] = text
    for name in INSTANTS:
        text = form.get(name, "").strip()
        if text and text != known.get(name, ""):
            given[name] = instant_of(text, zone)
    for name in LISTS:
        text = form.get(name, "")
        parts = [one.strip() for one in text.replace("\n", ",").split(",") if one.strip()]
        if parts and ", ".join(parts) != known.get(name, ""):
            given[name] = parts
    for name in FLAGS:
        is_set = form.get(name) == "yes"
        if is_set != (known.get(name) == "yes"):
            given[name] = is_set
    return given

"""The page of one incident: its timeline, its decision, and starting or linking its postmortem."""

from fastapi import Response

from api.pages.incidents.forms import may_report
from api.pages.postmortems.form_answers import answered
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.pages.timeline.picture import Mark, draw
from api.shapes.base import PathId
from api.shapes.incidents import incident_out
from application.incidents import links, news, opening
from application.incidents.troubleshooting import creation_checks
from domain.comments.formatting import Passage
from domain.errors import DomainError, Malformed, reason
from domain.incidents.phases import phases_of
from domain.postmortems.lifecycle import Status
from models.queries.incidents import covering, incidents
from models.queries.people import people, teams

routes = router()

LINKABLE = (Status.DRAFT.value, Status.IN_REVIEW.value)
MOST_FOUND = 8


@routes.get("/incidents/{incident_id}")
async def read(visit: Visiting, incident_id: PathId) -> Response:
    """``find`` searches for a postmortem to link."""
    return await _shown(visit, incident_id)


async def _shown(visit: Visit, incident_id: str, refusal: DomainError | None = None) -> Response:
    context = visit.context
    incident = await incidents.get_incident(context.session, incident_id)
    linked = await covering.list_covering(context.session, context.viewer, incident_id)
    is_covered = bool(linked) or await incidents.find_oldest_postmortem_unscoped(context.session, incident_id)
    shown = incident_out(incident, [one.id for one in linked])
    words = (visit.request.query_params.get("find") or visit.form.get("find", ""))[:200].replace("\0", "")
    linkable = (
        await covering.list_linkable(context.session, context.viewer, incident_id, words, LINKABLE, MOST_FOUND)
        if words.strip()
        else []
    )
    marks = [Mark(one.at, one.event, f"e-{place}") for place, one in enumerate(shown.timeline)]
    responders = await people.list_by_email(context.session, shown.responders)
    return await show(
        visit,
        "incidents/incident.html",
        refusal,
        texts_to_format={"read_as": {"description": Passage(shown.description)} if shown.description else {}},
        incident=shown,
        team=(await teams.teams_by_id(context.session, [shown.team_id])).get(shown.team_id) if shown.team_id else None,
        responders=[(one, responders.get(one)) for one in shown.responders],
        picture=draw(marks, phases_of([shown], ()), context.person.time_zone),
        linked=linked,
        find=words,
        linkable=linkable,
        checks=await creation_checks(context.session, context.viewer, incident),
        covered=bool(is_covered),
        may_report=may_report(visit),
    )


@routes.post("/incidents/{incident_id}/postmortem")
async def open_postmortem(visit: Visiting, incident_id: PathId) -> Response:
    opened: list[str] = []

    async def work() -> None:
        context = visit.context
        postmortem_id = await opening.open_from_incident(context.session, context.viewer, incident_id, context.now)
        context.start_workflow_after_commit(postmortem_id)
        opened.append(postmortem_id)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, incident_id, refusal)
    return to(f"/postmortems/{opened[0]}")


@routes.post("/incidents/{incident_id}/link")
async def link_postmortem(visit: Visiting, incident_id: PathId) -> Response:
    """To an existing postmortem, which gets the incident's timeline, services and people."""
    context, postmortem_id = visit.context, visit.form.get("postmortem", "")

    async def work() -> None:
        if not postmortem_id:
            raise Malformed(reasons=[reason("required", "Choose a postmortem to link.", where="postmortem")])
        await links.link_incident(context.session, context.viewer, postmortem_id, incident_id, context.now)
        context.start_workflow_after_commit(postmortem_id)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, incident_id, refusal)
    return to(f"/incidents/{incident_id}#postmortem")


@routes.post("/postmortems/{postmortem_id}/duration")
async def take_times(visit: Visiting, postmortem_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        if await news.take_times(context.session, context.viewer, postmortem_id, context.now):
            context.start_workflow_after_commit(postmortem_id)

    return await answered(visit, postmortem_id, work(), "")

"""The page of a postmortem's copies in other systems."""

from fastapi import Response

from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from application.sharing import publications
from domain import access
from domain.access import Verb
from domain.errors import DomainError
from domain.postmortems.lifecycle import Status
from domain.sharing.publications import publishing_obstacles
from integrations import registry
from models.queries.connections.connections import names_of
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible

routes = router()

COPIES = Ask(200)


@routes.get("/postmortems/{postmortem_id}/publications")
async def list_publications(visit: Visiting, postmortem_id: PathId) -> Response:
    return await _shown(visit, postmortem_id)


async def _shown(visit: Visit, postmortem_id: str, refusal: DomainError | None = None) -> Response:
    context = visit.context
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    status = Status(seen.postmortem.status)
    found = await publications.list_publications(context.session, context.viewer, postmortem_id, COPIES)
    targets = await publications.list_targets(context.session)
    facts = await publications.read_sharing_facts(context.session, seen)
    obstacles = {
        one.id: list(publishing_obstacles(facts, carries_summary=publications.carries_summary(one.kind)))
        for one in targets
    }
    return await show(
        visit,
        "sharing/publications.html",
        refusal,
        postmortem=seen.postmortem,
        publications=found.items,
        names=await names_of(context.session, [one.integration_id for one in found.items]),
        labels={one: registry.publisher(one).label for one in registry.publisher_kinds()},
        targets=[one for one in targets if not obstacles[one.id]],
        blocked=[(one, obstacles[one.id]) for one in targets if obstacles[one.id]],
        named_places={one.id for one in targets if publications.carries_summary(one.kind)},
        may_publish=visit.request.state.frame["may_write"] and access.may(Verb.PUBLISH_COPY, status, seen.relations),
        is_pending=any(one.state == "PENDING" for one in found.items),
    )


@routes.post("/postmortems/{postmortem_id}/publications")
async def publish(visit: Visiting, postmortem_id: PathId) -> Response:
    form, context = visit.form, visit.context
    work = publications.request_publication(
        context.session,
        context.viewer,
        postmortem_id,
        form.get("integration", "")[:100],
        pointer=form.get("pointer", "").strip()[:500] or None,
        overwrite=form.get("overwrite") == "yes",
        now=context.now,
    )
    return await _answered(visit, postmortem_id, await attempted(visit, work))


@routes.post("/postmortems/{postmortem_id}/publications/{publication_id}/withdraw")
async def withdraw(visit: Visiting, postmortem_id: PathId, publication_id: PathId) -> Response:
    context = visit.context
    work = publications.request_withdrawal(
        context.session,
        context.viewer,
        postmortem_id,
        publication_id,
        overwrite=visit.form.get("overwrite") == "yes",
        now=context.now,
    )
    return await _answered(visit, postmortem_id, await attempted(visit, work))


async def _answered(visit: Visit, postmortem_id: str, refusal: DomainError | None) -> Response:
    if refusal is not None:
        return await _shown(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}/publications")

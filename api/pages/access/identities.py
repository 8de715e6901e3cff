"""The page where administrators see how people sign in, and decide about accounts that could be somebody's."""

from fastapi import Response

from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.access import identity_out
from api.shapes.base import PathId, expected_version
from application.access import sessions
from application.people import identities
from application.people.lookup import find_typed_person
from domain.errors import DomainError

routes = router()

PATH = "/settings/sign-in"


@routes.get(PATH)
async def list_identities(visit: Visiting) -> Response:
    return await _shown(visit)


async def _shown(visit: Visit, refusal: DomainError | None = None) -> Response:
    context = visit.context
    context.require_admin("see how people sign in")
    found = [identity_out(one) for one in await identities.list_identities(context.session, context.viewer)]
    ended = visit.request.query_params.get("ended", "")
    return await show(
        visit,
        "access/identities.html",
        refusal,
        waiting=[one for one in found if one.confirmed_at is None],
        linked=[one for one in found if one.confirmed_at is not None],
        labels={name: one.rules.label for name, one in context.parts.providers.items()},
        ended=ended if ended.isdigit() and len(ended) < 5 else "",
    )


@routes.post(PATH + "/end-sessions")
async def end_sessions(visit: Visiting) -> Response:
    context = visit.context
    context.require_admin("end other people's sessions")
    count = 0

    async def work() -> None:
        nonlocal count
        person = await find_typed_person(context.session, "person", visit.form.get("person", "")[:300])
        count = await sessions.end_sessions_of(context.session, context.viewer, person.id, context.now)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, refusal)
    return to(f"{PATH}?ended={count}")


@routes.post(PATH + "/{identity_id}/confirm")
async def confirm_identity(visit: Visiting, identity_id: PathId) -> Response:
    context = visit.context
    expected = expected_version(visit.form.get("version", ""))
    work = identities.confirm_identity(context.session, context.viewer, identity_id, expected, context.now)
    refusal = await attempted(visit, work)
    return await _shown(visit, refusal) if refusal else to(PATH)


@routes.post(PATH + "/{identity_id}/remove")
async def remove_identity(visit: Visiting, identity_id: PathId) -> Response:
    context = visit.context
    expected = expected_version(visit.form.get("version", ""))
    work = identities.remove_identity(context.session, context.viewer, identity_id, expected)
    refusal = await attempted(visit, work)
    return await _shown(visit, refusal) if refusal else to(PATH)

"""The page of one's own calendars."""

from fastapi import Response

from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.meetings import own_calendar_out
from application.meetings import own_calendars
from domain.errors import DomainError
from integrations import registry
from models.queries.people.people import people_by_id

routes = router()

PATH = "/settings/calendars"


@routes.get(PATH)
async def list_own_calendars(visit: Visiting) -> Response:
    return await _shown(visit)


async def _shown(visit: Visit, refusal: DomainError | None = None) -> Response:
    context = visit.context
    found = await own_calendars.list_calendars(context.session, context.viewer)
    me = context.viewer.person_id
    return await show(
        visit,
        "meetings/own_calendars.html",
        refusal,
        calendars=[own_calendar_out(one) for one in found],
        labels={one: registry.calendar(one).label for one in registry.calendar_kinds()},
        email=(await people_by_id(context.session, [me]))[me].email,
    )


@routes.post(PATH)
async def connect_own_calendar(visit: Visiting) -> Response:
    form, context = visit.form, visit.context
    given = {name: form.get(name, "").strip()[:500] for name in ("username", "password")}
    work = own_calendars.connect_calendar(
        context.session,
        context.viewer,
        context.between_transactions,
        context.parts.keyring,
        kind=form.get("kind", "")[:40],
        address=form.get("address", "").strip()[:500],
        secrets={name: value for name, value in given.items() if value},
        now=context.now,
    )
    refusal = await attempted(visit, work)
    return await _shown(visit, refusal) if refusal is not None else to(PATH)


@routes.post(PATH + "/{calendar_id}/remove")
async def disconnect_own_calendar(visit: Visiting, calendar_id: PathId) -> Response:
    await own_calendars.disconnect_calendar(visit.context.session, visit.context.viewer, calendar_id)
    return to(PATH)

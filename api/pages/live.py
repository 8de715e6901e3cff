"""The event stream of a browser, and who else is on a postmortem's page.

One tab of a browser holds the stream for all of them (``web/static/live.js``).
"""

from typing import Annotated

from fastapi import Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.live.answer import EventStream
from api.pages.routing import Visit, Visiting, read_form, router
from api.shapes.base import SECTION_NAME, PathId, Shape
from application.live import presence
from domain.live.changes import Beacon

routes = router()


@routes.get("/events")
async def follow_events(
    visit: Visiting,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    context = visit.context
    streams = context.parts.live
    token_id, person_id = context.credential.token_id, context.viewer.person_id
    return EventStream(streams, streams.open(token_id, person_id, None, last_event_id or after))


class PresenceForm(Shape):
    """``page`` tells the pages apart that one person has open. ``section`` is where they write."""

    page: Annotated[str, Field(pattern=r"^[a-z0-9]{8,32}$")]
    section: Annotated[str, Field(pattern=SECTION_NAME)] | None = None
    gone: bool = False


@routes.get("/postmortems/{postmortem_id}/presence")
async def read_presence(visit: Visiting, postmortem_id: PathId) -> Response:
    await presence.check_may_be_here(visit.context.session, visit.context.viewer, postmortem_id)
    return await _others(visit, postmortem_id)


@routes.post("/postmortems/{postmortem_id}/presence")
async def note_presence(visit: Visiting, postmortem_id: PathId) -> Response:
    """Says that this page is open; the answer tells who else is there."""
    given = read_form(PresenceForm, visit.form)
    context = visit.context
    await presence.check_may_be_here(context.session, context.viewer, postmortem_id)
    beacon = Beacon(postmortem_id, context.viewer.person_id, given.page, given.section, given.gone)
    context.parts.live.note_presence(beacon)
    return Response(status_code=204) if given.gone else await _others(visit, postmortem_id)


async def _others(visit: Visit, postmortem_id: str) -> Response:
    context = visit.context
    here = context.parts.live.here(postmortem_id)
    found = await presence.list_present(context.session, context.viewer, postmortem_id, here)
    items = [{"id": one.person_id, "name": one.name, "sections": list(one.sections)} for one in found]
    return JSONResponse({"items": items}, headers={"Cache-Control": "no-store"})

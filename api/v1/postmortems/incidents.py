"""The incidents that a postmortem is about."""

from datetime import datetime

from fastapi import APIRouter, Response

from api.request_context import Context
from api.shapes.base import Given, Listing, PathId, Ref, Shape
from api.shapes.postmortems import PostmortemOut
from api.v1.postmortems.postmortems import read
from api.v1.routing import router
from application.incidents import links, news
from models.queries.incidents.links import list_linked, read_news
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")


class LinkIn(Given):
    incident_id: Ref


class LinkedOut(Shape):
    incident_id: str
    title: str
    status: str
    started_at: datetime | None
    resolved_at: datetime | None


@routes.get("/incidents")
async def list_linked_incidents(context: Context, postmortem_id: PathId) -> Listing[LinkedOut]:
    """Lists the incidents that the postmortem is about."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    found = await list_linked(context.session, visible)
    items = [
        LinkedOut(
            incident_id=one.id,
            title=one.title,
            status=one.status,
            started_at=one.started_at,
            resolved_at=one.resolved_at,
        )
        for one in found
    ]
    return Listing(items=items)


@routes.post("/incidents", status_code=201, response_model=PostmortemOut)
async def link_incident(context: Context, postmortem_id: PathId, given: LinkIn) -> Response:
    """Links a resolved incident and adds its timeline, services, and people. The duration spans all linked
    incidents."""
    await links.link_incident(context.session, context.viewer, postmortem_id, given.incident_id, context.now)
    context.start_workflow_after_commit(postmortem_id)
    return await read(context, postmortem_id, status=201)


@routes.delete("/incidents/{incident_id}", status_code=204)
async def unlink_incident(context: Context, postmortem_id: PathId, incident_id: PathId) -> None:
    """Unlinks an incident and removes what only that incident added. What people wrote, edited, or added stays."""
    await links.unlink_incident(context.session, context.viewer, postmortem_id, incident_id, context.now)
    context.start_workflow_after_commit(postmortem_id)


class TimesOut(Shape):
    """``durationMinutes`` and ``resolvedAt`` are null while an incident is open."""

    duration_minutes: int | None
    resolved_at: datetime | None


class DurationOut(Shape):
    """``reported`` is what the incidents add up to by now; null if the postmortem says the same, or is about none."""

    stated: TimesOut
    reported: TimesOut | None


@routes.get("/duration")
async def get_postmortem_duration(context: Context, postmortem_id: PathId) -> DurationOut:
    """Shows whether the incidents were reopened, or resolved again, since writing began."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    row = visible.postmortem
    found = (await read_news(context.session, [row])).get(postmortem_id)
    return DurationOut(
        stated=TimesOut(duration_minutes=row.duration_minutes, resolved_at=row.incident_resolved_at),
        reported=TimesOut(duration_minutes=found.reported_minutes, resolved_at=found.reported_end) if found else None,
    )


@routes.post("/duration", response_model=PostmortemOut)
async def use_incident_times(context: Context, postmortem_id: PathId) -> Response:
    """Takes the duration and end that the incidents report. The author may, also once it is published."""
    if await news.take_times(context.session, context.viewer, postmortem_id, context.now):
        context.start_workflow_after_commit(postmortem_id)
    return await read(context, postmortem_id)

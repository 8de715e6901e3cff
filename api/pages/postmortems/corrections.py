"""Pages on which an event of the timeline, or one's own comment, is corrected or deleted."""

from datetime import datetime
from typing import Any

from fastapi import Response

from api.pages.postmortems.forms import earliest, instant_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import zone_of
from api.shapes.base import PathId
from api.shapes.comments import CommentPatch
from api.shapes.postmortems import TimelineEventIn
from application import timeline
from application.comments import writing
from domain import access
from domain.errors import DomainError
from domain.postmortems.first_draft import EntryType
from domain.postmortems.lifecycle import Status
from models.queries import comments
from models.queries import timeline as events
from models.queries.postmortems import postmortems

routes = router()


@routes.get("/postmortems/{postmortem_id}/timeline/{event_id}")
async def edit_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    return await _event_form(visit, postmortem_id, event_id)


async def _event_form(visit: Visit, postmortem_id: str, event_id: str, refusal: DomainError | None = None) -> Response:
    context = visit.context
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    event = await events.get_event(context.session, visible, event_id)
    return await show(
        visit,
        "timeline/event.html",
        refusal,
        postmortem=visible.postmortem,
        event=event,
        local=_local(event.at, context.person.time_zone),
        entry_types=[one.value for one in EntryType],
    )


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M")


@routes.post("/postmortems/{postmortem_id}/timeline/{event_id}")
async def change_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    """What differs from the row; a time that was left as it is keeps its seconds."""
    context, form = visit.context, visit.form

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        event = await events.get_event(context.session, visible, event_id)
        zone, precision = context.person.time_zone, form.get("precision", event.precision)
        is_moved = form.get("at") != _local(event.at, zone) or precision != event.precision
        at = earliest(instant_of(form.get("at", ""), zone), precision, context) if is_moved else event.at
        given: dict[str, Any] = {"event": form.get("event", ""), "type": form.get("type", event.type), "at": at}
        new = read_form(TimelineEventIn, given | {"actor": form.get("actor") or None, "precision": precision})
        changes = {"event": new.event, "type": new.type, "actor": new.actor, "at": new.at, "precision": new.precision}
        _, started = await timeline.change_timeline_event(
            context.session, context.viewer, visible, event_id, changes, None, context.now
        )
        context.start_workflow_if(started, postmortem_id)

    if refusal := await attempted(visit, work()):
        return await _event_form(visit, postmortem_id, event_id, refusal)
    return to(f"/postmortems/{postmortem_id}#e-{event_id}")


@routes.get("/postmortems/{postmortem_id}/comments/{comment_id}")
async def edit_comment(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    return await _comment_form(visit, postmortem_id, comment_id)


async def _comment_form(
    visit: Visit, postmortem_id: str, comment_id: str, refusal: DomainError | None = None
) -> Response:
    context = visit.context
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    comment = await comments.get_comment(context.session, visible, comment_id)
    return await show(visit, "comments/comment.html", refusal, postmortem=visible.postmortem, comment=comment)


@routes.post("/postmortems/{postmortem_id}/comments/{comment_id}")
async def change_comment(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        changes = read_form(CommentPatch, {"body": visit.form.get("body", "")}).changes()
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        await writing.change_comment(context.session, context.viewer, visible, comment_id, changes, None, context.now)

    if refusal := await attempted(visit, work()):
        return await _comment_form(visit, postmortem_id, comment_id, refusal)
    return to(f"/postmortems/{postmortem_id}#c-{comment_id}")


@routes.post("/postmortems/{postmortem_id}/comments/{comment_id}/delete")
async def delete_comment(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        await writing.remove_comment(context.session, context.viewer, visible, comment_id)

    if refusal := await attempted(visit, work()):
        return await _comment_form(visit, postmortem_id, comment_id, refusal)
    return to(f"/postmortems/{postmortem_id}")

"""Events of the timeline, added, changed and removed on the postmortem's page itself."""

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import Response

from api.pages.form_fields import sent_version
from api.pages.postmortems.form_answers import answered
from api.pages.postmortems.opened import Opened, local_field
from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visiting, read_form, router, to
from api.pages.showing import attempted
from api.rendering import zone_of
from api.request_context import RequestContext
from api.shapes.base import PathId
from api.shapes.postmortems import TimelineEventIn
from application import timeline
from domain import access
from domain.errors import Malformed, reason
from domain.people.time_zones import Clock, Zone, instant
from domain.postmortems.lifecycle import Status
from domain.timeline.moments import Precision
from models.queries import timeline as events
from models.queries.postmortems import postmortems
from models.queries.timeline import NewTimelineEvent

routes = router()


@routes.post("/postmortems/{postmortem_id}/timeline")
async def add_event(visit: Visiting, postmortem_id: PathId) -> Response:
    """``at`` is a local time as the browser's field gives it, in the person's own zone.

    Afterwards the form is open again, because timelines are written event by event.
    """
    context, form = visit.context, visit.form
    added: list[str] = []

    async def work() -> None:
        at = instant_of(form.get("at", ""), context.person.time_zone)
        precision = form.get("precision", "MINUTE")
        given = {"event": form.get("event", ""), "type": form.get("type", "OTHER"), "actor": form.get("actor") or None}
        new = read_form(TimelineEventIn, given | {"at": earliest(at, precision, context), "precision": precision})
        seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        event = NewTimelineEvent(new.at, new.event, new.type, new.actor, precision=new.precision)
        found, started = await timeline.add_timeline_events(context.session, context.viewer, seen, [event], context.now)
        context.start_workflow_if(started, postmortem_id)
        added.extend(one.id for one in found)

    if refusal := await attempted(visit, work()):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}?added={added[0]}#e-{added[0]}")


@routes.get("/postmortems/{postmortem_id}/timeline/{event_id}")
async def edit_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    """The postmortem's page with the form of this event in its row."""
    context = visit.context
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    await events.get_event(context.session, visible, event_id)
    return await show_postmortem(visit, postmortem_id, opened=Opened(event_id=event_id))


@routes.post("/postmortems/{postmortem_id}/timeline/{event_id}")
async def change_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    """What differs from the row; a time that was left as it is keeps its seconds."""
    context, form = visit.context, visit.form

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        event = await events.get_event(context.session, visible, event_id)
        zone, precision = context.person.time_zone, form.get("precision", event.precision)
        is_moved = form.get("at") != local_field(event.at, zone) or precision != event.precision
        at = earliest(instant_of(form.get("at", ""), zone), precision, context) if is_moved else event.at
        given: dict[str, Any] = {"event": form.get("event", ""), "type": form.get("type", event.type), "at": at}
        new = read_form(TimelineEventIn, given | {"actor": form.get("actor") or None, "precision": precision})
        changes = {"event": new.event, "type": new.type, "actor": new.actor, "at": new.at, "precision": new.precision}
        _, started = await timeline.change_timeline_event(
            context.session, context.viewer, visible, event_id, changes, sent_version(form), context.now
        )
        context.start_workflow_if(started, postmortem_id)

    if refusal := await attempted(visit, work()):
        return await show_postmortem(visit, postmortem_id, refusal, opened=Opened(event_id=event_id))
    return to(f"/postmortems/{postmortem_id}#e-{event_id}")


@routes.post("/postmortems/{postmortem_id}/timeline/{event_id}/remove")
async def remove_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    """The page then offers to undo it."""
    context = visit.context

    async def work() -> None:
        seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        started = await timeline.remove_timeline_event(context.session, context.viewer, seen, event_id, context.now)
        context.start_workflow_if(started, postmortem_id)

    return await answered(visit, postmortem_id, work(), f"?removed={event_id}#timeline")


@routes.post("/postmortems/{postmortem_id}/timeline/{event_id}/restore")
async def restore_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        started = await timeline.restore_timeline_event(context.session, context.viewer, seen, event_id, context.now)
        context.start_workflow_if(started, postmortem_id)

    return await answered(visit, postmortem_id, work(), f"#e-{event_id}")


def earliest(at: datetime, precision: str, context: RequestContext) -> datetime:
    """The earliest instant that is meant, on the person's own clock: ``14:37`` within the hour is ``14:??``."""
    local = at.astimezone(zone_of(context.person.time_zone))
    match precision:
        case Precision.DAY:
            local = local.replace(hour=0, minute=0)
        case Precision.HOUR:
            local = local.replace(minute=0)
        case Precision.TEN_MINUTES:
            local = local.replace(minute=local.minute // 10 * 10)
    return local.astimezone(UTC)


_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?")


def instant_of(written: str, zone: str) -> datetime:
    """Raises Malformed, also for a time that clocks skipped or showed twice: which instant is meant isn't known."""
    rules = zone_of(zone)
    try:
        local = datetime.fromisoformat(written) if _LOCAL.fullmatch(written) else None
        at, clock = instant(local, Zone(zone, rules)) if local else (None, None)
    except (ValueError, OverflowError):
        local = at = clock = None
    if local is None or at is None:
        raise Malformed(reasons=[reason("instant", "Enter a date and a time.", where="at")])
    if clock is Clock.TWICE:
        later = local.replace(tzinfo=rules, fold=1).astimezone(UTC)
        message = (
            f"Clocks in {zone} showed this time twice: at {at:%H:%M} UTC and at {later:%H:%M} UTC. Paste the event as"
            f" a line instead, such as {at:%Y-%m-%d %H:%M} UTC."
        )
        raise Malformed(reasons=[reason("clock_twice", message, where="at")])
    if clock is Clock.NEVER:
        message = f"Clocks in {zone} skipped this time. Enter the time that they showed."
        raise Malformed(reasons=[reason("clock_never", message, where="at")])
    return at

"""The forms on a postmortem's page that add to it: comments, action items and timeline events."""

import re
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from fastapi import Response

from api import commands
from api.pages.postmortems.form_answers import person_id
from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted
from api.rendering import zone_of
from api.request_context import RequestContext
from api.shapes.action_items import ActionItemNew
from api.shapes.base import PathId
from api.shapes.comments import CommentNew, CommentPatch
from api.shapes.postmortems import TimelineEventIn
from application import text_work, timeline
from application.comments import writing
from domain.content.visible_text import source_of
from domain.errors import Malformed, reason
from domain.people.time_zones import Clock, Zone, instant
from domain.timeline.moments import Precision
from models.queries.content.sections import find_section_texts
from models.queries.postmortems import postmortems
from models.queries.timeline import NewTimelineEvent

routes = router()


async def _submit(visit: Visit, postmortem_id: str, work: Awaitable[Any], fragment: str) -> Response:
    if refusal := await attempted(visit, work):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}#{fragment}")


@routes.post("/postmortems/{postmortem_id}/comments")
async def add_comment(visit: Visiting, postmortem_id: PathId) -> Response:
    context, form = visit.context, visit.form

    async def work() -> None:
        given: dict[str, Any] = {"body": form.get("body", ""), "section": form.get("section") or None}
        if form.get("quote", "").strip():
            given["anchor"] = await _anchor(visit, postmortem_id)
        asked = read_form(CommentNew, given | {"parent_id": form.get("parent") or None})
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
        await writing.add_comment(context.session, context.viewer, visible, asked.new(), context.now)

    return await _submit(visit, postmortem_id, work(), f"talk-{form.get('section') or 'all'}")


async def _anchor(visit: Visit, postmortem_id: str) -> dict[str, Any]:
    """The text that was selected on the page, as an anchor in the Markdown of its section.

    ``from`` counts the letters before it. If the text is not found there, the anchor is the quote itself, whose
    refusal names it.
    """
    context, quote, section = visit.context, visit.form["quote"], visit.form.get("section", "")
    await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    body = (await find_section_texts(context.session, postmortem_id, [section])).get(section)
    first = visit.form.get("from", "")
    first_letter = int(first) if re.fullmatch("[0-9]{1,7}", first) else 0
    place = None
    if body:
        place = await text_work.run(source_of, body.body, quote, first_letter, length=len(body.body))
    return {"start": place[0], "end": place[1]} if place else {"quote": quote}


@routes.post("/postmortems/{postmortem_id}/comments/{comment_id}/resolve")
async def resolve(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    context = visit.context
    changes = CommentPatch(resolved=visit.form.get("resolved") != "no").changes()

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        await writing.change_comment(context.session, context.viewer, visible, comment_id, changes, None, context.now)

    return await _submit(visit, postmortem_id, work(), f"c-{comment_id}")


@routes.post("/postmortems/{postmortem_id}/action-items")
async def add_item(visit: Visiting, postmortem_id: PathId) -> Response:
    form = visit.form

    async def work() -> None:
        owner_id = await person_id(visit, "owner") if form.get("owner", "").strip() else None
        given = {"description": form.get("description", ""), "priority": form.get("priority", "MEDIUM")}
        new = read_form(ActionItemNew, given | {"owner_id": owner_id, "due_date": form.get("dueDate") or None})
        await commands.add_action_item(visit.context, postmortem_id, new.columns())

    return await _submit(visit, postmortem_id, work(), "actionItems")


@routes.post("/postmortems/{postmortem_id}/timeline")
async def add_event(visit: Visiting, postmortem_id: PathId) -> Response:
    """``at`` is a local time as the browser's field gives it, in the person's own zone."""
    context, form = visit.context, visit.form

    async def work() -> None:
        at = instant_of(form.get("at", ""), context.person.time_zone)
        precision = form.get("precision", "MINUTE")
        given = {"event": form.get("event", ""), "type": form.get("type", "OTHER"), "actor": form.get("actor") or None}
        new = read_form(TimelineEventIn, given | {"at": earliest(at, precision, context), "precision": precision})
        seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        event = NewTimelineEvent(new.at, new.event, new.type, new.actor, precision=new.precision)
        _, started = await timeline.add_timeline_events(context.session, context.viewer, seen, [event], context.now)
        context.start_workflow_if(started, postmortem_id)

    return await _submit(visit, postmortem_id, work(), "timeline")


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


@routes.post("/postmortems/{postmortem_id}/timeline/{event_id}/remove")
async def remove_event(visit: Visiting, postmortem_id: PathId, event_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        started = await timeline.remove_timeline_event(context.session, context.viewer, seen, event_id, context.now)
        context.start_workflow_if(started, postmortem_id)

    return await _submit(visit, postmortem_id, work(), "timeline")

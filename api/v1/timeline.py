"""The timeline of a postmortem: its events one by one, from pasted text, and from a Slack export."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Response, UploadFile
from orjson import Fragment
from pydantic import Field

from api.answers import NOT_MODIFIED, hashed_answer
from api.request_context import Context, RequestContext
from api.shapes.base import Given, IfMatch, IfNoneMatch, Listing, Patch, PathId, Short, ask, expected_version, tag
from api.shapes.postmortems import TimelineEventIn, TimelineEventOut
from api.shapes.timeline import (
    SlackImportOut,
    TimelineImport,
    TimelineImportOut,
    TimelinePaste,
    TimelinePreviewOut,
    event_out,
    import_out,
    preview_out,
    slack_import_out,
)
from api.v1.routing import router
from application import text_work, timeline
from domain.postmortems.first_draft import EntryType
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENT_LIMIT, EVENTS_LIMIT
from integrations.fields import Instant, Words
from integrations.slack.export import read_export
from models.queries import timeline as queries
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.timeline import NewTimelineEvent

routes: APIRouter = router("timeline", prefix="/postmortems/{postmortem_id}/timeline")

Paging = Annotated[Ask, Depends(ask)]


async def _visible(context: RequestContext, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    return await get_visible(context.session, context.viewer, postmortem_id, lock=lock)


class TimelineEventsIn(Given):
    """Several events."""

    items: Annotated[list[TimelineEventIn], Field(min_length=1, max_length=EVENTS_LIMIT)]


class TimelineEventPatch(Patch):
    answer = TimelineEventOut

    at: Instant | None = None
    precision: Precision | None = None
    event: Annotated[str, Words(EVENT_LIMIT)] | None = None
    type: EntryType | None = None
    actor: Short = None


@routes.get("", response_model=Listing[TimelineEventOut], responses=NOT_MODIFIED)
async def list_timeline(
    context: Context, postmortem_id: PathId, page: Paging, if_none_match: IfNoneMatch = None
) -> Response:
    """Lists the events of the timeline, oldest first."""
    found = await queries.list_timeline(context.session, context.viewer, postmortem_id, page)
    items = [Fragment(one["json"]) for one in found.items]
    return hashed_answer({"items": items, "nextCursor": found.next_cursor}, if_none_match)


@routes.post("", status_code=201)
async def add_timeline_event(
    context: Context, postmortem_id: PathId, given: TimelineEventIn | TimelineEventsIn
) -> TimelineEventOut | Listing[TimelineEventOut]:
    """Adds one event, or several as ``items``."""
    several = given.items if isinstance(given, TimelineEventsIn) else [given]
    events = [NewTimelineEvent(one.at, one.event, one.type, one.actor, precision=one.precision) for one in several]
    seen = await _visible(context, postmortem_id, lock=True)
    added, started = await timeline.add_timeline_events(context.session, context.viewer, seen, events, context.now)
    context.start_workflow_if(started, postmortem_id)
    if isinstance(given, TimelineEventsIn):
        return Listing(items=[event_out(one) for one in added])
    return event_out(added[0])


@routes.patch("/{event_id}")
async def update_timeline_event(
    context: Context,
    postmortem_id: PathId,
    event_id: PathId,
    given: TimelineEventPatch,
    response: Response,
    if_match: IfMatch = None,
) -> TimelineEventOut:
    """Changes the fields that you send. The event keeps its source, and its actor unless you send one."""
    seen = await _visible(context, postmortem_id, lock=True)

    async def current() -> TimelineEventOut:
        return event_out(await queries.get_event(context.session, seen, event_id))

    await given.check_unchanged(current)
    changes = {name: value for name, value in given.given().items() if value is not None or name == "actor"}
    event, started = await timeline.change_timeline_event(
        context.session, context.viewer, seen, event_id, changes, expected_version(if_match), context.now
    )
    context.start_workflow_if(started, postmortem_id)
    tag(response, event.version)
    return event_out(event)


@routes.delete("/{event_id}", status_code=204)
async def delete_timeline_event(context: Context, postmortem_id: PathId, event_id: PathId) -> None:
    """Deletes an event from the timeline."""
    seen = await _visible(context, postmortem_id, lock=True)
    started = await timeline.remove_timeline_event(context.session, context.viewer, seen, event_id, context.now)
    context.start_workflow_if(started, postmortem_id)


@routes.post("/parse")
async def parse_timeline(context: Context, postmortem_id: PathId, given: TimelinePaste) -> TimelinePreviewOut:
    """Shows what an import of this text would add. Nothing is saved."""
    seen = await _visible(context, postmortem_id)
    return preview_out(await timeline.preview_pasted(context.session, seen, given.text, given.read_as()))


@routes.post("/import", status_code=201)
async def import_timeline(context: Context, postmortem_id: PathId, given: TimelineImport) -> TimelineImportOut:
    """Adds every event in the text, or none: lines that can't be read block the import unless you send
    ``skipProblems``.

    Events already in the timeline, with the same time and text, aren't added again.
    """
    imported = await timeline.import_pasted(
        context.session,
        context.viewer,
        await _visible(context, postmortem_id, lock=True),
        given.text,
        given.read_as(),
        skip_problems=given.skip_problems,
        now=context.now,
    )
    context.start_workflow_if(imported.started, postmortem_id)
    return import_out(imported)


@routes.post("/import-slack", status_code=201)
async def import_slack_messages(
    context: Context, postmortem_id: PathId, files: Annotated[list[UploadFile], File(max_length=200)]
) -> SlackImportOut:
    """Imports a Slack channel export, as its JSON files (with ``users.json`` for the names) or as a zip of them.

    Only messages that are starred or pinned, or that have a ``:star:`` or ``:pushpin:`` reaction, are imported. Each is
    imported at its own time and only once, even if you send the export again.
    """
    seen = await _visible(context, postmortem_id, lock=True)
    sent = [(one.filename or "upload", await one.read()) for one in files]
    export = await text_work.run(read_export, sent, length=sum(len(data) for _, data in sent))
    imported = await timeline.import_chat_messages(context.session, context.viewer, seen, export.messages, context.now)
    context.start_workflow_if(imported.started, postmortem_id)
    return slack_import_out(export, imported)

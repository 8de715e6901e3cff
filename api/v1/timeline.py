"""The timeline of a postmortem: its events one by one, from pasted text, and from a Slack export."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Response, UploadFile
from pydantic import Field

from api.request_context import Context, RequestContext
from api.shapes.base import (
    Day,
    Given,
    IfMatch,
    Listing,
    PathId,
    Shape,
    Short,
    StrictlyGiven,
    ask,
    expected_version,
    tag,
)
from api.shapes.postmortems import TimelineEventIn, TimelineEventOut
from api.v1.postmortems.postmortems import start_after_commit
from api.v1.routing import router
from domain.errors import Malformed, TimelineNotRead, reason
from domain.people.time_zones import NoZone, Zone, ZoneProblem, read_zone
from domain.postmortems.first_draft import EntrySource, EntryType
from domain.timeline.event_types import guess_type
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENT_LIMIT, EVENTS_LIMIT, Parsed, parse_timeline
from domain.timeline.remarks import Remark
from integrations.fields import Instant, Words
from integrations.slack.export import read_export
from models.postmortem import TimelineEvent
from models.queries import timeline
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import NewTimelineEvent, VisiblePostmortem, get_visible

routes: APIRouter = router("timeline", prefix="/postmortems/{postmortem_id}/timeline")

Paging = Annotated[Ask, Depends(ask)]
PASTE_LIMIT = 2_000_000
REASONS_LIMIT = 200


async def _seen(context: RequestContext, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    return await get_visible(context.session, context.viewer, postmortem_id, lock=lock)


class TimelineEventsIn(Given):
    """Several at once."""

    items: Annotated[list[TimelineEventIn], Field(min_length=1, max_length=EVENTS_LIMIT)]


class TimelineEventPatch(Given):
    at: Instant | None = None
    precision: Precision | None = None
    event: Annotated[str, Words(EVENT_LIMIT)] | None = None
    type: EntryType | None = None
    actor: Short = None


def event_out(event: TimelineEvent) -> TimelineEventOut:
    return TimelineEventOut(
        id=event.id,
        at=event.at,
        precision=Precision(event.precision),
        event=event.event,
        type=EntryType(event.type),
        actor=event.actor,
        source=event.source,
    )


@routes.get("")
async def list_timeline(context: Context, postmortem_id: PathId, page: Paging) -> Listing[TimelineEventOut]:
    found = await timeline.list_timeline(context.session, await _seen(context, postmortem_id), page)
    return Listing(items=[event_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def add_to_timeline(
    context: Context, postmortem_id: PathId, given: TimelineEventIn | TimelineEventsIn
) -> TimelineEventOut | Listing[TimelineEventOut]:
    """One event, or ``items`` with several."""
    several = given.items if isinstance(given, TimelineEventsIn) else [given]
    events = [NewTimelineEvent(one.at, one.event, one.type, one.actor, precision=one.precision) for one in several]
    seen = await _seen(context, postmortem_id, lock=True)
    added = await _add(context, seen, events)
    if isinstance(given, TimelineEventsIn):
        return Listing(items=[event_out(one) for one in added])
    return event_out(added[0])


@routes.patch("/{event_id}")
async def change_timeline(
    context: Context,
    postmortem_id: PathId,
    event_id: PathId,
    given: TimelineEventPatch,
    response: Response,
    if_match: IfMatch = None,
) -> TimelineEventOut:
    """Changes what is sent; its source stays, and so does its actor unless one is sent."""
    seen = await _seen(context, postmortem_id, lock=True)
    changes = {name: value for name, value in given.given().items() if value is not None or name == "actor"}
    event, started = await timeline.change_timeline(
        context.session, context.viewer, seen, event_id, changes, expected_version(if_match), context.now
    )
    _told(context, postmortem_id, started)
    tag(response, event.version)
    return event_out(event)


@routes.delete("/{event_id}", status_code=204)
async def remove_from_timeline(context: Context, postmortem_id: PathId, event_id: PathId) -> None:
    seen = await _seen(context, postmortem_id, lock=True)
    started = await timeline.remove_from_timeline(context.session, context.viewer, seen, event_id, context.now)
    _told(context, postmortem_id, started)


async def _add(
    context: RequestContext, seen: VisiblePostmortem, events: Sequence[NewTimelineEvent]
) -> list[TimelineEvent]:
    added, started = await timeline.add_to_timeline(context.session, context.viewer, seen, events, context.now)
    _told(context, seen.postmortem.id, started)
    return added


def _told(context: RequestContext, postmortem_id: str, started: bool) -> None:
    if started:
        start_after_commit(context, postmortem_id)


# Pasted text


class TimelinePaste(StrictlyGiven):
    """A Markdown table, tab-separated or CSV rows, or lines and headings that begin with a time.

    ``date`` and ``timeZone`` (an IANA name or an offset) hold until the text says otherwise.
    """

    text: Annotated[str, Field(min_length=1, max_length=PASTE_LIMIT, pattern=r"^[^\x00]*$")]
    date: Day | None = None
    time_zone: Annotated[str, Words(60, one_line=True)] = "UTC"

    async def parsed(self) -> Parsed:
        """Beside the event loop: a long text takes a while."""
        return await asyncio.to_thread(parse_timeline, self.text, day=self.date, zone=_zone(self.time_zone))


class TimelineImport(TimelinePaste):
    skip_problems: bool = False


class RemarkOut(Shape):
    """About one line of the text, counted from 1."""

    line: int
    text: str
    code: str
    message: str


class PreviewEventOut(Shape):
    """``duplicate``: the timeline, or a line above, tells the same words of the same instant."""

    line: int
    at: datetime
    precision: Precision
    event: str
    type: EntryType
    actor: str | None
    duplicate: bool


class TimelinePreviewOut(Shape):
    """``problems`` are lines that were not understood; ``warnings`` are choices that were made in reading one."""

    events: list[PreviewEventOut]
    problems: list[RemarkOut]
    warnings: list[RemarkOut]


class TimelineImportOut(Shape):
    """``items`` are the events that were added, ``duplicates`` those that were there already."""

    items: list[TimelineEventOut]
    duplicates: list[PreviewEventOut]
    problems: list[RemarkOut]
    warnings: list[RemarkOut]


def _zone(written: str) -> Zone:
    zone = read_zone(written)
    if isinstance(zone, NoZone):
        message = "Give an IANA name such as Europe/Berlin, or an offset such as +01:00."
        if zone.why is ZoneProblem.AMBIGUOUS:
            message = f"This means several zones: {', '.join(zone.choices)}."
        raise Malformed(reasons=[reason(zone.why.value, message, where="body.timeZone", choices=list(zone.choices))])
    return zone


def _new(parsed: Parsed) -> list[NewTimelineEvent]:
    return [
        NewTimelineEvent(one.at, one.event, one.type.value, one.actor, precision=one.precision.value)
        for one in parsed.events
    ]


def _previews(parsed: Parsed, doubles: frozenset[int]) -> list[PreviewEventOut]:
    return [
        PreviewEventOut(
            line=one.line,
            at=one.at,
            precision=one.precision,
            event=one.event,
            type=one.type,
            actor=one.actor,
            duplicate=place in doubles,
        )
        for place, one in enumerate(parsed.events)
    ]


def _remarks(remarks: Sequence[Remark]) -> list[RemarkOut]:
    return [RemarkOut.model_validate(one) for one in remarks]


@routes.post("/parse")
async def parse_pasted(context: Context, postmortem_id: PathId, given: TimelinePaste) -> TimelinePreviewOut:
    """What an import would read. Nothing is saved."""
    seen = await _seen(context, postmortem_id)
    parsed = await given.parsed()
    sorted_out = await timeline.sort_out_doubles(context.session, seen, _new(parsed))
    return TimelinePreviewOut(
        events=_previews(parsed, sorted_out.doubles),
        problems=_remarks(parsed.problems),
        warnings=_remarks(parsed.warnings),
    )


@routes.post("/import", status_code=201)
async def import_pasted(context: Context, postmortem_id: PathId, given: TimelineImport) -> TimelineImportOut:
    """Adds every event of the text at once, or none: lines not understood refuse it unless ``skipProblems``.

    Events that the timeline has already, with the same instant and words, are not added again.
    """
    seen = await _seen(context, postmortem_id, lock=True)
    parsed = await given.parsed()
    if parsed.problems and not given.skip_problems:
        raise TimelineNotRead(
            count=len(parsed.problems),
            reasons=[
                reason(one.code, one.message, line=one.line, text=one.text) for one in parsed.problems[:REASONS_LIMIT]
            ],
        )
    sorted_out = await timeline.sort_out_doubles(context.session, seen, _new(parsed))
    added = await _add(context, seen, sorted_out.new)
    return TimelineImportOut(
        items=[event_out(one) for one in added],
        duplicates=[one for one in _previews(parsed, sorted_out.doubles) if one.duplicate],
        problems=_remarks(parsed.problems),
        warnings=_remarks(parsed.warnings),
    )


# Slack


class UnreadMessageOut(Shape):
    """A starred message that makes no event; ``place`` counts from 1 in its file."""

    file: str
    place: int
    message: str


class SlackImportOut(Shape):
    """``seen`` counts all messages of the export, ``duplicates`` the starred ones that the timeline has already."""

    items: list[TimelineEventOut]
    duplicates: int
    seen: int
    problems: list[UnreadMessageOut]


@routes.post("/import-slack", status_code=201)
async def import_slack(
    context: Context, postmortem_id: PathId, files: Annotated[list[UploadFile], File(max_length=200)]
) -> SlackImportOut:
    """Takes a Slack channel export, as its JSON files (with ``users.json`` for the names) or as a zip of them.

    Only messages that are starred, pinned, or have a ``:star:`` or ``:pushpin:`` reaction are taken, each at its own
    time and only once, also when the export is sent again.
    """
    seen = await _seen(context, postmortem_id, lock=True)
    sent = [(one.filename or "upload", await one.read()) for one in files]
    export = await asyncio.to_thread(read_export, sent)
    events = [
        NewTimelineEvent(
            one.at,
            one.event,
            guess_type(one.event).value,
            one.actor,
            EntrySource.CHAT.value,
            precision=Precision.SECOND.value,
            external_id=one.key,
        )
        for one in export.messages
    ]
    sorted_out = await timeline.sort_out_doubles(context.session, seen, events)
    added = await _add(context, seen, sorted_out.new)
    return SlackImportOut(
        items=[event_out(one) for one in added],
        duplicates=len(sorted_out.doubles),
        seen=export.seen,
        problems=[UnreadMessageOut.model_validate(one) for one in export.unread],
    )

"""Beside a postmortem's text: timeline, comments, editors, linked incidents."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator

from api.unit import Asking, Unit
from api.v1.postmortem_shapes import EditorOut, PostmortemOut, TimelineEventIn, TimelineEventOut
from api.v1.postmortems import read, start_after_commit
from api.v1.routing import router
from api.v1.shapes import Given, IfMatch, Listing, PathId, Ref, Shape, Short, ask, expected_version, tag
from domain.access import EditorLevel
from domain.drafts import EntryType
from integrations.fields import Instant, Words
from models.postmortem import PostmortemEditor, TimelineEvent
from models.queries import discussion, links
from models.queries.pages import Ask
from models.queries.postmortems import NewTimelineEvent, Seen, get_seen

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")

Paging = Annotated[Ask, Depends(ask)]


async def _seen(unit: Unit, postmortem_id: str, *, lock: bool = False) -> Seen:
    return await get_seen(unit.session, unit.viewer, postmortem_id, lock=lock)


# Timeline


class TimelineEventsIn(Given):
    """Several at once."""

    items: Annotated[list[TimelineEventIn], Field(min_length=1, max_length=5000)]


class TimelineEventPatch(Given):
    at: Instant | None = None
    event: Annotated[str, Words(10_000)] | None = None
    type: EntryType | None = None
    actor: Short = None


def event_out(event: TimelineEvent) -> TimelineEventOut:
    return TimelineEventOut(
        id=event.id, at=event.at, event=event.event, type=EntryType(event.type), actor=event.actor, source=event.source
    )


@routes.get("/timeline")
async def list_timeline(unit: Asking, postmortem_id: PathId, page: Paging) -> Listing[TimelineEventOut]:
    found = await discussion.list_timeline(unit.session, await _seen(unit, postmortem_id), page)
    return Listing(items=[event_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/timeline", status_code=201)
async def add_to_timeline(
    unit: Asking, postmortem_id: PathId, given: TimelineEventIn | TimelineEventsIn
) -> TimelineEventOut | Listing[TimelineEventOut]:
    """One event, or ``items`` with several."""
    several = given.items if isinstance(given, TimelineEventsIn) else [given]
    events = [NewTimelineEvent(one.at, one.event, one.type.value, one.actor) for one in several]
    seen = await _seen(unit, postmortem_id, lock=True)
    added, started = await discussion.add_to_timeline(unit.session, unit.viewer, seen, events, unit.now)
    _told(unit, postmortem_id, started)
    if isinstance(given, TimelineEventsIn):
        return Listing(items=[event_out(one) for one in added])
    return event_out(added[0])


@routes.patch("/timeline/{event_id}")
async def change_timeline(
    unit: Asking,
    postmortem_id: PathId,
    event_id: PathId,
    given: TimelineEventPatch,
    response: Response,
    if_match: IfMatch = None,
) -> TimelineEventOut:
    seen = await _seen(unit, postmortem_id, lock=True)
    changes = {name: value for name, value in given.given().items() if value is not None or name == "actor"}
    event, started = await discussion.change_timeline(
        unit.session, unit.viewer, seen, event_id, changes, expected_version(if_match), unit.now
    )
    _told(unit, postmortem_id, started)
    tag(response, event.version)
    return event_out(event)


@routes.delete("/timeline/{event_id}", status_code=204)
async def remove_from_timeline(unit: Asking, postmortem_id: PathId, event_id: PathId) -> None:
    seen = await _seen(unit, postmortem_id, lock=True)
    started = await discussion.remove_from_timeline(unit.session, unit.viewer, seen, event_id, unit.now)
    _told(unit, postmortem_id, started)


def _told(unit: Unit, postmortem_id: str, started: bool) -> None:
    if started:
        start_after_commit(unit, postmortem_id)


# Editors


class EditorIn(Given):
    """One person, or the active members of a team who are neither its author nor editors already."""

    user_id: Ref | None = None
    team_id: Ref | None = None
    level: EditorLevel = EditorLevel.EDIT

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.user_id is None) == (self.team_id is None):
            raise ValueError("give a userId or a teamId")
        return self


class EditorPatch(Given):
    level: EditorLevel


def editor_out(editor: PostmortemEditor) -> EditorOut:
    return EditorOut(user_id=editor.person_id, level=EditorLevel(editor.level))


@routes.get("/editors")
async def list_editors(unit: Asking, postmortem_id: PathId) -> Listing[EditorOut]:
    found = await discussion.list_editors(unit.session, await _seen(unit, postmortem_id))
    return Listing(items=[editor_out(one) for one in found])


@routes.post("/editors", status_code=201)
async def add_editor(unit: Asking, postmortem_id: PathId, given: EditorIn) -> EditorOut | Listing[EditorOut]:
    """``EDIT`` may edit while it is a draft or in review; ``COMMENT`` may see and comment.

    Of a team, the answer lists who was added.
    """
    seen = await _seen(unit, postmortem_id, lock=True)
    if given.team_id is not None:
        added = await discussion.add_team_as_editors(
            unit.session, unit.viewer, seen, given.team_id, given.level, unit.now
        )
        return Listing(items=[editor_out(one) for one in added])
    people = [given.user_id] if given.user_id else []
    added = await discussion.add_editors(unit.session, unit.viewer, seen, people, given.level, unit.now)
    return editor_out(added[0])


@routes.patch("/editors/{user_id}")
async def change_editor(unit: Asking, postmortem_id: PathId, user_id: PathId, given: EditorPatch) -> EditorOut:
    seen = await _seen(unit, postmortem_id, lock=True)
    await discussion.change_editor(unit.session, unit.viewer, seen, user_id, given.level, unit.now)
    return EditorOut(user_id=user_id, level=given.level)


@routes.delete("/editors/{user_id}", status_code=204)
async def remove_editor(unit: Asking, postmortem_id: PathId, user_id: PathId) -> None:
    seen = await _seen(unit, postmortem_id, lock=True)
    await discussion.remove_editor(unit.session, unit.viewer, seen, user_id, unit.now)


# Linked incidents


class LinkIn(Given):
    incident_id: Ref


class LinkedOut(Shape):
    incident_id: str
    title: str
    status: str
    started_at: datetime | None
    resolved_at: datetime | None


@routes.get("/incidents")
async def list_linked(unit: Asking, postmortem_id: PathId) -> Listing[LinkedOut]:
    found = await links.list_linked(unit.session, await _seen(unit, postmortem_id))
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


@routes.post("/incidents", status_code=201)
async def link_incident(unit: Asking, postmortem_id: PathId, given: LinkIn, response: Response) -> PostmortemOut:
    """Adds a resolved incident's timeline, services and people; the duration spans all linked incidents."""
    seen = await _seen(unit, postmortem_id, lock=True)
    await links.link_incident(unit.session, unit.viewer, seen, given.incident_id, unit.now)
    await unit.session.flush()
    start_after_commit(unit, postmortem_id)
    return await read(unit, postmortem_id, response)


@routes.delete("/incidents/{incident_id}", status_code=204)
async def unlink_incident(unit: Asking, postmortem_id: PathId, incident_id: PathId) -> None:
    """Takes away what only that incident brought; what a person wrote, edited or added stays."""
    seen = await _seen(unit, postmortem_id, lock=True)
    await links.unlink_incident(unit.session, unit.viewer, seen, incident_id, unit.now)
    start_after_commit(unit, postmortem_id)

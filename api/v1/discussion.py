"""Beside a postmortem's text: comments, editors, linked incidents, and the audit trail."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import JsonValue

from api.unit import Asking, Unit
from api.v1.postmortem_shapes import EditorOut, PostmortemOut
from api.v1.postmortems import read, start_after_commit
from api.v1.routing import router
from api.v1.shapes import Given, Listing, PathId, Ref, Shape, ask
from domain.access import EditorLevel
from integrations.fields import Words
from models.postmortem import Comment
from models.queries import discussion, incidents, records
from models.queries.pages import Ask
from models.queries.postmortems import Seen, get_seen

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")

Paging = Annotated[Ask, Depends(ask)]


async def _seen(unit: Unit, postmortem_id: str, *, lock: bool = False) -> Seen:
    return await get_seen(unit.session, unit.viewer, postmortem_id, lock=lock)


# Comments

Section = Literal[
    "summary",
    "timeline",
    "impact",
    "rootCause",
    "resolution",
    "actionItems",
    "lessonsLearned",
    "contributingFactors",
    "detection",
    "response",
]


class CommentNew(Given):
    body: Annotated[str, Words(20_000)]
    section: Section | None = None
    parent_id: Ref | None = None


class CommentPatch(Given):
    body: Annotated[str, Words(20_000)] | None = None
    resolved: bool | None = None


class CommentOut(Shape):
    id: str
    version: int
    section: str | None
    parent_id: str | None
    author_id: str
    body: str
    resolved: bool
    resolved_at: datetime | None
    resolved_by: str | None
    created_at: datetime
    updated_at: datetime


def comment_out(comment: Comment) -> CommentOut:
    return CommentOut(
        id=comment.id,
        version=comment.version,
        section=comment.section,
        parent_id=comment.parent_id,
        author_id=comment.author_id,
        body=comment.body,
        resolved=comment.resolved_at is not None,
        resolved_at=comment.resolved_at,
        resolved_by=comment.resolved_by_id,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
    )


@routes.get("/comments")
async def list_comments(unit: Asking, postmortem_id: PathId, page: Paging) -> Listing[CommentOut]:
    found = await discussion.list_comments(unit.session, await _seen(unit, postmortem_id), page)
    return Listing(items=[comment_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/comments", status_code=201)
async def add_comment(unit: Asking, postmortem_id: PathId, given: CommentNew) -> CommentOut:
    """Whoever may see the postmortem may comment. An open thread stands in the way of publishing."""
    seen = await _seen(unit, postmortem_id)
    comment = await discussion.add_comment(
        unit.session,
        unit.viewer,
        seen,
        body=given.body,
        section=given.section,
        parent_id=given.parent_id,
        now=unit.now,
    )
    return comment_out(comment)


@routes.patch("/comments/{comment_id}")
async def change_comment(unit: Asking, postmortem_id: PathId, comment_id: PathId, given: CommentPatch) -> CommentOut:
    """Reword it, or resolve and reopen its thread."""
    seen = await _seen(unit, postmortem_id)
    comment = await discussion.change_comment(
        unit.session, unit.viewer, seen, comment_id, body=given.body, resolved=given.resolved, now=unit.now
    )
    return comment_out(comment)


@routes.delete("/comments/{comment_id}", status_code=204)
async def remove_comment(unit: Asking, postmortem_id: PathId, comment_id: PathId) -> None:
    await discussion.remove_comment(unit.session, unit.viewer, await _seen(unit, postmortem_id), comment_id)


# Editors


class EditorIn(Given):
    user_id: Ref
    level: EditorLevel = EditorLevel.EDIT


class EditorPatch(Given):
    level: EditorLevel


@routes.get("/editors")
async def list_editors(unit: Asking, postmortem_id: PathId) -> Listing[EditorOut]:
    found = await discussion.list_editors(unit.session, await _seen(unit, postmortem_id))
    return Listing(items=[EditorOut(user_id=one.person_id, level=EditorLevel(one.level)) for one in found])


@routes.post("/editors", status_code=201)
async def add_editor(unit: Asking, postmortem_id: PathId, given: EditorIn) -> EditorOut:
    """``EDIT`` may edit while it is a draft or in review; ``COMMENT`` may see and comment."""
    return await _set_editor(unit, postmortem_id, given.user_id, given.level)


@routes.patch("/editors/{user_id}")
async def change_editor(unit: Asking, postmortem_id: PathId, user_id: PathId, given: EditorPatch) -> EditorOut:
    return await _set_editor(unit, postmortem_id, user_id, given.level)


async def _set_editor(unit: Unit, postmortem_id: str, user_id: str, level: EditorLevel) -> EditorOut:
    seen = await _seen(unit, postmortem_id, lock=True)
    await discussion.set_editor(unit.session, unit.viewer, seen, user_id, level, unit.now)
    return EditorOut(user_id=user_id, level=level)


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
    found = await incidents.list_linked(unit.session, await _seen(unit, postmortem_id))
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
    """Adds the incident's timeline, services and people; the duration spans all linked incidents."""
    seen = await _seen(unit, postmortem_id, lock=True)
    await incidents.link_incident(unit.session, unit.viewer, seen, given.incident_id, unit.now)
    await unit.session.flush()
    start_after_commit(unit, postmortem_id)
    return await read(unit, postmortem_id, response)


@routes.delete("/incidents/{incident_id}", status_code=204)
async def unlink_incident(unit: Asking, postmortem_id: PathId, incident_id: PathId) -> None:
    seen = await _seen(unit, postmortem_id, lock=True)
    await incidents.unlink_incident(unit.session, unit.viewer, seen, incident_id, unit.now)


# Audit


class AuditOut(Shape):
    id: int
    at: datetime
    actor_id: str | None
    origin: str
    action: str
    entity_kind: str
    entity_id: str
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None


@routes.get("/audit")
async def list_audit(unit: Asking, postmortem_id: PathId, page: Paging) -> Listing[AuditOut]:
    """Every change of the postmortem and its action items, newest first."""
    seen = await _seen(unit, postmortem_id)
    found = await records.list_audit_of_postmortem(unit.session, seen.postmortem.id, page)
    return Listing(items=[AuditOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)

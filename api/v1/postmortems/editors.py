"""Beside a postmortem's text: editors, linked incidents."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import model_validator

from api.request_context import Context, RequestContext
from api.shapes.base import Given, Listing, PathId, Ref, Shape, ask
from api.shapes.postmortems import EditorOut, PostmortemOut
from api.v1.postmortems.postmortems import read, start_after_commit
from api.v1.routing import router
from domain.access import EditorLevel
from models.postmortem import PostmortemEditor
from models.queries.incidents import links
from models.queries.pagination import Ask
from models.queries.postmortems import editors
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")

Paging = Annotated[Ask, Depends(ask)]


async def _seen(context: RequestContext, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    return await get_visible(context.session, context.viewer, postmortem_id, lock=lock)


# Editors


class EditorIn(Given):
    """One person, or a team's active members other than the author and current editors."""

    user_id: Ref | None = None
    team_id: Ref | None = None
    level: EditorLevel = EditorLevel.EDIT

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.user_id is None) == (self.team_id is None):
            raise ValueError("send a userId or a teamId")
        return self


class EditorPatch(Given):
    level: EditorLevel


def editor_out(editor: PostmortemEditor) -> EditorOut:
    return EditorOut(user_id=editor.person_id, level=EditorLevel(editor.level))


@routes.get("/editors")
async def list_editors(context: Context, postmortem_id: PathId) -> Listing[EditorOut]:
    found = await editors.list_editors(context.session, await _seen(context, postmortem_id))
    return Listing(items=[editor_out(one) for one in found])


@routes.post("/editors", status_code=201)
async def add_editor(context: Context, postmortem_id: PathId, given: EditorIn) -> EditorOut | Listing[EditorOut]:
    """Adds an editor. ``EDIT`` can edit drafts and postmortems in review; ``COMMENT`` can see and comment.

    For a team, the response lists who was added.
    """
    seen = await _seen(context, postmortem_id, lock=True)
    if given.team_id is not None:
        added = await editors.add_team_as_editors(
            context.session, context.viewer, seen, given.team_id, given.level, context.now
        )
        return Listing(items=[editor_out(one) for one in added])
    people = [given.user_id] if given.user_id else []
    added = await editors.add_editors(context.session, context.viewer, seen, people, given.level, context.now)
    return editor_out(added[0])


@routes.patch("/editors/{user_id}")
async def change_editor(context: Context, postmortem_id: PathId, user_id: PathId, given: EditorPatch) -> EditorOut:
    seen = await _seen(context, postmortem_id, lock=True)
    await editors.change_editor(context.session, context.viewer, seen, user_id, given.level, context.now)
    return EditorOut(user_id=user_id, level=given.level)


@routes.delete("/editors/{user_id}", status_code=204)
async def remove_editor(context: Context, postmortem_id: PathId, user_id: PathId) -> None:
    seen = await _seen(context, postmortem_id, lock=True)
    await editors.remove_editor(context.session, context.viewer, seen, user_id, context.now)


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
async def list_linked(context: Context, postmortem_id: PathId) -> Listing[LinkedOut]:
    found = await links.list_linked(context.session, await _seen(context, postmortem_id))
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
async def link_incident(context: Context, postmortem_id: PathId, given: LinkIn, response: Response) -> PostmortemOut:
    """Links a resolved incident and adds its timeline, services, and people. The duration spans all linked
    incidents."""
    seen = await _seen(context, postmortem_id, lock=True)
    await links.link_incident(context.session, context.viewer, seen, given.incident_id, context.now)
    await context.session.flush()
    start_after_commit(context, postmortem_id)
    return await read(context, postmortem_id, response)


@routes.delete("/incidents/{incident_id}", status_code=204)
async def unlink_incident(context: Context, postmortem_id: PathId, incident_id: PathId) -> None:
    """Unlinks an incident and removes what only that incident added. What people wrote, edited, or added stays."""
    seen = await _seen(context, postmortem_id, lock=True)
    await links.unlink_incident(context.session, context.viewer, seen, incident_id, context.now)
    start_after_commit(context, postmortem_id)

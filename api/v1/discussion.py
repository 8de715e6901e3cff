"""Beside a postmortem's text: editors, linked incidents."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import model_validator

from api.unit import Asking, Unit
from api.v1.postmortem_shapes import EditorOut, PostmortemOut
from api.v1.postmortems import read, start_after_commit
from api.v1.routing import router
from api.v1.shapes import Given, Listing, PathId, Ref, Shape, ask
from domain.access import EditorLevel
from models.postmortem import PostmortemEditor
from models.queries import editors, links
from models.queries.pages import Ask
from models.queries.postmortems import Seen, get_seen

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")

Paging = Annotated[Ask, Depends(ask)]


async def _seen(unit: Unit, postmortem_id: str, *, lock: bool = False) -> Seen:
    return await get_seen(unit.session, unit.viewer, postmortem_id, lock=lock)


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
async def list_editors(unit: Asking, postmortem_id: PathId) -> Listing[EditorOut]:
    found = await editors.list_editors(unit.session, await _seen(unit, postmortem_id))
    return Listing(items=[editor_out(one) for one in found])


@routes.post("/editors", status_code=201)
async def add_editor(unit: Asking, postmortem_id: PathId, given: EditorIn) -> EditorOut | Listing[EditorOut]:
    """Adds an editor. ``EDIT`` can edit drafts and postmortems in review; ``COMMENT`` can see and comment.

    For a team, the response lists who was added.
    """
    seen = await _seen(unit, postmortem_id, lock=True)
    if given.team_id is not None:
        added = await editors.add_team_as_editors(unit.session, unit.viewer, seen, given.team_id, given.level, unit.now)
        return Listing(items=[editor_out(one) for one in added])
    people = [given.user_id] if given.user_id else []
    added = await editors.add_editors(unit.session, unit.viewer, seen, people, given.level, unit.now)
    return editor_out(added[0])


@routes.patch("/editors/{user_id}")
async def change_editor(unit: Asking, postmortem_id: PathId, user_id: PathId, given: EditorPatch) -> EditorOut:
    seen = await _seen(unit, postmortem_id, lock=True)
    await editors.change_editor(unit.session, unit.viewer, seen, user_id, given.level, unit.now)
    return EditorOut(user_id=user_id, level=given.level)


@routes.delete("/editors/{user_id}", status_code=204)
async def remove_editor(unit: Asking, postmortem_id: PathId, user_id: PathId) -> None:
    seen = await _seen(unit, postmortem_id, lock=True)
    await editors.remove_editor(unit.session, unit.viewer, seen, user_id, unit.now)


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
    """Links a resolved incident and adds its timeline, services, and people. The duration spans all linked
    incidents."""
    seen = await _seen(unit, postmortem_id, lock=True)
    await links.link_incident(unit.session, unit.viewer, seen, given.incident_id, unit.now)
    await unit.session.flush()
    start_after_commit(unit, postmortem_id)
    return await read(unit, postmortem_id, response)


@routes.delete("/incidents/{incident_id}", status_code=204)
async def unlink_incident(unit: Asking, postmortem_id: PathId, incident_id: PathId) -> None:
    """Unlinks an incident and removes what only that incident added. What people wrote, edited, or added stays."""
    seen = await _seen(unit, postmortem_id, lock=True)
    await links.unlink_incident(unit.session, unit.viewer, seen, incident_id, unit.now)
    start_after_commit(unit, postmortem_id)

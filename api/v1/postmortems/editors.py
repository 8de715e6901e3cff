"""The editors of a postmortem."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import Listing, PathId
from api.shapes.participants import EditorIn, EditorPatch, editor_out
from api.shapes.postmortems import EditorOut
from api.v1.routing import router
from application.postmortems import editors
from models.queries.postmortems import editors as editor_rows
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")


@routes.get("/editors")
async def list_editors(context: Context, postmortem_id: PathId) -> Listing[EditorOut]:
    """Lists the editors, and whether each can edit or only comment."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    found = await editor_rows.list_editors(context.session, visible)
    return Listing(items=[editor_out(one) for one in found])


@routes.post("/editors", status_code=201)
async def add_editor(context: Context, postmortem_id: PathId, given: EditorIn) -> EditorOut | Listing[EditorOut]:
    """Adds an editor. ``EDIT`` can edit drafts and postmortems in review; ``COMMENT`` can see and comment.

    For a team, the response lists who was added.
    """
    added = await editors.add_editors(
        context.session,
        context.viewer,
        postmortem_id,
        person_id=given.user_id,
        team_id=given.team_id,
        level=given.level,
        now=context.now,
    )
    return editor_out(added[0]) if given.team_id is None else Listing(items=[editor_out(one) for one in added])


@routes.patch("/editors/{user_id}")
async def update_editor(context: Context, postmortem_id: PathId, user_id: PathId, given: EditorPatch) -> EditorOut:
    """Changes whether an editor can edit or only comment."""

    async def current() -> EditorOut:
        return EditorOut(user_id=user_id, level=given.level)

    await given.check_unchanged(current)
    await editors.change_editor(context.session, context.viewer, postmortem_id, user_id, given.level, context.now)
    return EditorOut(user_id=user_id, level=given.level)


@routes.delete("/editors/{user_id}", status_code=204)
async def remove_editor(context: Context, postmortem_id: PathId, user_id: PathId) -> None:
    """Removes an editor. Their changes stay."""
    await editors.remove_editor(context.session, context.viewer, postmortem_id, user_id, context.now)

"""Editors of a postmortem, as forms beside it."""

from fastapi import Response

from api.pages.postmortems.form_answers import answered, person_id
from api.pages.routing import Visiting, read_form, router
from api.shapes.base import PathId
from api.shapes.participants import EditorIn, EditorPatch
from application.postmortems import editors

routes = router()


@routes.post("/postmortems/{postmortem_id}/editors")
async def add_editor(visit: Visiting, postmortem_id: PathId) -> Response:
    """A person, or a whole team where one is chosen."""
    context, form = visit.context, visit.form

    async def work() -> None:
        team = form.get("team") or None
        who = {"teamId": team} if team else {"userId": await person_id(visit, "person")}
        given = read_form(EditorIn, who | {"level": form.get("level", "EDIT")})
        await editors.add_editors(
            context.session,
            context.viewer,
            postmortem_id,
            person_id=given.user_id,
            team_id=given.team_id,
            level=given.level,
            now=context.now,
        )

    return await answered(visit, postmortem_id, work(), "#editors")


@routes.post("/postmortems/{postmortem_id}/editors/{user_id}")
async def change_editor(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        given = read_form(EditorPatch, {"level": visit.form.get("level", "")})
        await editors.change_editor(context.session, context.viewer, postmortem_id, user_id, given.level, context.now)

    return await answered(visit, postmortem_id, work(), "#editors")


@routes.post("/postmortems/{postmortem_id}/editors/{user_id}/remove")
async def remove_editor(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    context = visit.context
    work = editors.remove_editor(context.session, context.viewer, postmortem_id, user_id, context.now)
    return await answered(visit, postmortem_id, work, "#editors")

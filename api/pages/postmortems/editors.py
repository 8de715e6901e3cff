"""Editors of a postmortem, as forms beside it."""

from fastapi import Response

from api.pages.review.lifecycle import answered, person_id
from api.pages.routing import Visiting, read_form, router
from api.shapes.base import PathId
from api.v1.postmortems import editors as api
from api.v1.postmortems.editors import EditorIn, EditorPatch

routes = router()


@routes.post("/postmortems/{postmortem_id}/editors")
async def add_editor(visit: Visiting, postmortem_id: PathId) -> Response:
    """A person, or a whole team where one is chosen."""
    form = visit.form

    async def work() -> None:
        team = form.get("team") or None
        who = {"teamId": team} if team else {"userId": await person_id(visit, "person")}
        given = read_form(EditorIn, who | {"level": form.get("level", "EDIT")})
        await api.add_editor(visit.context, postmortem_id, given)

    return await answered(visit, postmortem_id, work(), "#editors")


@routes.post("/postmortems/{postmortem_id}/editors/{user_id}")
async def change_editor(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    async def work() -> None:
        given = read_form(EditorPatch, {"level": visit.form.get("level", "")})
        await api.change_editor(visit.context, postmortem_id, user_id, given)

    return await answered(visit, postmortem_id, work(), "#editors")


@routes.post("/postmortems/{postmortem_id}/editors/{user_id}/remove")
async def remove_editor(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    return await answered(visit, postmortem_id, api.remove_editor(visit.context, postmortem_id, user_id), "#editors")

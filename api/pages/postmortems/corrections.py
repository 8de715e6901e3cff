"""Pages on which an event of the timeline, or one's own comment, is corrected or deleted."""

from fastapi import Response

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.comments import CommentPatch
from application.comments import writing
from domain.errors import DomainError
from models.queries import comments
from models.queries.postmortems import postmortems

routes = router()


@routes.get("/postmortems/{postmortem_id}/comments/{comment_id}")
async def edit_comment(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    return await _comment_form(visit, postmortem_id, comment_id)


async def _comment_form(
    visit: Visit, postmortem_id: str, comment_id: str, refusal: DomainError | None = None
) -> Response:
    context = visit.context
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    comment = await comments.get_comment(context.session, visible, comment_id)
    return await show(visit, "comments/comment.html", refusal, postmortem=visible.postmortem, comment=comment)


@routes.post("/postmortems/{postmortem_id}/comments/{comment_id}")
async def change_comment(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        changes = read_form(CommentPatch, {"body": visit.form.get("body", "")}).changes()
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        await writing.change_comment(context.session, context.viewer, visible, comment_id, changes, None, context.now)

    if refusal := await attempted(visit, work()):
        return await _comment_form(visit, postmortem_id, comment_id, refusal)
    return to(f"/postmortems/{postmortem_id}#c-{comment_id}")


@routes.post("/postmortems/{postmortem_id}/comments/{comment_id}/delete")
async def delete_comment(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        await writing.remove_comment(context.session, context.viewer, visible, comment_id)

    if refusal := await attempted(visit, work()):
        return await _comment_form(visit, postmortem_id, comment_id, refusal)
    return to(f"/postmortems/{postmortem_id}")

"""Forms that change the status and the reviewers of a postmortem, with the same commands as the JSON API."""

from fastapi import Response

from api import commands
from api.pages.postmortems.form_answers import answered, person_id
from api.pages.routing import Visiting, read_form, router
from api.shapes.base import PathId
from api.shapes.review import CommentIn, ReplacementIn, ReviewersIn
from application.review.reviewers import choose_reviewers
from domain.postmortems.commands import PostmortemAction
from models.queries.postmortems import postmortems

routes = router()


@routes.post("/postmortems/{postmortem_id}/submit")
async def submit(visit: Visiting, postmortem_id: PathId) -> Response:
    publishes = visit.form.get("publish_on_approval") == "yes"
    work = commands.run_postmortem_command(
        visit.context, postmortem_id, PostmortemAction.SUBMIT, publish_on_approval=publishes
    )
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/approve")
async def approve(visit: Visiting, postmortem_id: PathId) -> Response:
    words = {"comment": read_form(CommentIn, {"comment": visit.form.get("comment")}).comment}
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.APPROVE, words)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/request-changes")
async def request_changes(visit: Visiting, postmortem_id: PathId) -> Response:
    words = {"comment": read_form(CommentIn, {"comment": visit.form.get("comment")}).comment}
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.REQUEST_CHANGES, words)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/publish")
async def publish(visit: Visiting, postmortem_id: PathId) -> Response:
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.PUBLISH)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/archive")
async def archive(visit: Visiting, postmortem_id: PathId) -> Response:
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.ARCHIVE)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/reviewers")
async def add_reviewer(visit: Visiting, postmortem_id: PathId) -> Response:
    async def work() -> None:
        team = visit.form.get("team") or None
        who = {"teamId": team} if team else {"userId": await person_id(visit, "person")}
        given, context = read_form(ReviewersIn, who), visit.context
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
        added = await choose_reviewers(context.session, visible, given.people(), given.team_id)
        await commands.run_postmortem_command(context, postmortem_id, PostmortemAction.ADD_REVIEWERS, person_ids=added)

    return await answered(visit, postmortem_id, work(), "#reviewers")


@routes.post("/postmortems/{postmortem_id}/reviewers/{user_id}/replace")
async def replace_reviewer(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    """Another person reviews instead, such as for a reviewer who left or is away."""

    async def work() -> None:
        instead = ReplacementIn(user_id=await person_id(visit, "person"))
        changed = (user_id, instead.user_id)
        await commands.run_postmortem_command(
            visit.context, postmortem_id, PostmortemAction.REPLACE_REVIEWER, person_ids=changed
        )

    return await answered(visit, postmortem_id, work(), "#reviewers")


@routes.post("/postmortems/{postmortem_id}/reviewers/{user_id}/remove")
async def remove_reviewer(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    work = commands.run_postmortem_command(
        visit.context, postmortem_id, PostmortemAction.REMOVE_REVIEWER, person_ids=(user_id,)
    )
    return await answered(visit, postmortem_id, work, "#reviewers")

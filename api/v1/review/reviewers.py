"""Reviewers of a postmortem: list, add, replace and remove them."""

from fastapi import APIRouter

from api import commands
from api.request_context import Context, RequestContext
from api.shapes.base import Listing, PathId
from api.shapes.postmortems import ReviewerListed
from api.shapes.review import ReasonIn, ReplacementIn, ReviewersIn, ReviewersOut, reviewer_out
from api.v1.routing import router
from application.review.reviewers import choose_reviewers
from domain.postmortems.commands import PostmortemAction
from models.queries.people import people
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review import reviewers

routes: APIRouter = router("lifecycle", prefix="/postmortems/{postmortem_id}")


@routes.get("/reviewers")
async def list_reviewers(context: Context, postmortem_id: PathId) -> Listing[ReviewerListed]:
    """Lists the reviewers, and what each of them decided."""
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    return Listing(items=await _reviewers(context, visible))


async def _reviewers(context: RequestContext, visible: VisiblePostmortem) -> list[ReviewerListed]:
    found = await reviewers.list_reviewers(context.session, visible)
    absences = await people.find_absences(context.session, [one.person_id for one in found], context.now)
    return [reviewer_out(one, visible.postmortem, absences.get(one.person_id)) for one in found]


@routes.post("/reviewers", status_code=201)
async def add_reviewers(context: Context, postmortem_id: PathId, given: ReviewersIn) -> ReviewersOut:
    """Adds reviewers. The author can't be a reviewer. If the postmortem is in review, they're notified right away."""
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    added = await choose_reviewers(context.session, visible, given.people(), given.team_id)
    await commands.run_postmortem_command(context, postmortem_id, PostmortemAction.ADD_REVIEWERS, person_ids=added)
    return ReviewersOut(items=await _reviewers(context, visible), added=list(added))


@routes.post("/reviewers/{user_id}/replace")
async def replace_reviewer(
    context: Context, postmortem_id: PathId, user_id: PathId, given: ReplacementIn
) -> Listing[ReviewerListed]:
    """Replaces a reviewer, such as one who left or is away. If the postmortem is in review, the new reviewer is
    notified right away."""
    changed = (user_id, given.user_id)
    await commands.run_postmortem_command(context, postmortem_id, PostmortemAction.REPLACE_REVIEWER, person_ids=changed)
    return await list_reviewers(context, postmortem_id)


@routes.post("/reviewers/{user_id}/remind")
async def remind_reviewer(context: Context, postmortem_id: PathId, user_id: PathId) -> Listing[ReviewerListed]:
    """Reminds a reviewer whose review is outstanding, at most once a day."""
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.REMIND_REVIEWER, person_ids=(user_id,)
    )
    return await list_reviewers(context, postmortem_id)


@routes.post("/reviewers/{user_id}/waive")
async def waive_review(
    context: Context, postmortem_id: PathId, user_id: PathId, given: ReasonIn
) -> Listing[ReviewerListed]:
    """Publishes without waiting for this reviewer. Needs a reason, and is audited. Only administrators can waive the
    last review."""
    words = {"reason": given.reason}
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.WAIVE_REVIEW, words, person_ids=(user_id,)
    )
    return await list_reviewers(context, postmortem_id)


@routes.delete("/reviewers/{user_id}", status_code=204)
async def remove_reviewer(context: Context, postmortem_id: PathId, user_id: PathId) -> None:
    """Removes a reviewer. Their reviews stay in the history."""
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.REMOVE_REVIEWER, person_ids=(user_id,)
    )

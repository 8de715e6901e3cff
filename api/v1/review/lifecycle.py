"""The lifecycle of a postmortem: submit, review, publish, archive."""

from fastapi import APIRouter, Response

from api import commands
from api.request_context import Context, RequestContext
from api.shapes.base import Listing, PathId
from api.shapes.postmortems import PostmortemOut
from api.shapes.review import CommentIn, ReviewIn, ReviewOut, SubmitIn, review_out
from api.v1.postmortems.postmortems import read
from api.v1.routing import router
from domain.postmortems.commands import PostmortemAction
from domain.review.reviewers import Decision
from models.queries.postmortems import postmortems
from models.queries.review import reviews

routes: APIRouter = router("lifecycle", prefix="/postmortems/{postmortem_id}")


@routes.post("/submit", response_model=PostmortemOut)
async def submit_postmortem(context: Context, postmortem_id: PathId, given: SubmitIn | None = None) -> Response:
    """Moves a DRAFT to IN_REVIEW. If it isn't ready, the response lists every reason."""
    given = given or SubmitIn()
    await commands.run_postmortem_command(
        context,
        postmortem_id,
        PostmortemAction.SUBMIT,
        person_ids=tuple(dict.fromkeys(given.reviewer_ids)),
        publish_on_approval=given.publish_on_approval,
    )
    return await read(context, postmortem_id)


@routes.post("/publish", response_model=PostmortemOut)
async def publish_postmortem(context: Context, postmortem_id: PathId) -> Response:
    """Moves a postmortem from IN_REVIEW to PUBLISHED. If it isn't ready, the response lists every reason."""
    return await _change_status(context, postmortem_id, PostmortemAction.PUBLISH)


@routes.post("/withdraw", response_model=PostmortemOut)
async def withdraw_postmortem(context: Context, postmortem_id: PathId) -> Response:
    """Takes a postmortem from IN_REVIEW back to DRAFT. The author and administrators only."""
    return await _change_status(context, postmortem_id, PostmortemAction.WITHDRAW)


@routes.post("/archive", response_model=PostmortemOut)
async def archive_postmortem(context: Context, postmortem_id: PathId) -> Response:
    """Moves a PUBLISHED postmortem to ARCHIVED. Administrators only."""
    return await _change_status(context, postmortem_id, PostmortemAction.ARCHIVE)


@routes.post("/request-changes", response_model=PostmortemOut)
async def request_changes(context: Context, postmortem_id: PathId, given: CommentIn | None = None) -> Response:
    """Sends a postmortem back to DRAFT (as a reviewer), or reopens a PUBLISHED one for review (as an administrator).
    The comment says what should change."""
    comment = given.comment if given else None
    return await _change_status(context, postmortem_id, PostmortemAction.REQUEST_CHANGES, comment)


async def _change_status(
    context: RequestContext,
    postmortem_id: str,
    action: PostmortemAction,
    comment: str | None = None,
    *,
    status: int = 200,
) -> Response:
    await commands.run_postmortem_command(context, postmortem_id, action, {"comment": comment})
    return await read(context, postmortem_id, status=status)


# Reviews


@routes.get("/reviews")
async def list_reviews(context: Context, postmortem_id: PathId) -> Listing[ReviewOut]:
    """Lists every review decision, oldest first, with the content revision it was made on."""
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    found = await reviews.list_reviews(context.session, visible)
    return Listing(items=[review_out(one, visible.postmortem) for one in found])


@routes.post("/reviews", status_code=201, response_model=PostmortemOut)
async def review_postmortem(context: Context, postmortem_id: PathId, given: ReviewIn) -> Response:
    """Approves the current revision, or requests changes. Reviewers only."""
    action = PostmortemAction.APPROVE if given.decision is Decision.APPROVE else PostmortemAction.REQUEST_CHANGES
    return await _change_status(context, postmortem_id, action, given.comment, status=201)

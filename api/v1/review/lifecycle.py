"""The lifecycle of a postmortem: submit, review, publish, archive; its reviewers and its timing targets."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Response
from pydantic import Field, model_validator

from api import commands
from api.request_context import Context, RequestContext
from api.shapes.base import Given, Listing, PathId, Ref, Remark, Shape, Text
from api.shapes.postmortems import PostmortemOut, ReviewerListed
from api.v1.postmortems.postmortems import read
from api.v1.routing import router
from application.people import references
from domain.escalation.targets import TargetName, TargetState
from domain.people.absence import Absence
from domain.postmortems.commands import PostmortemAction
from domain.review.reviewers import Decision
from integrations.fields import Instant
from models.postmortem import PostmortemReviewer
from models.queries.people import people
from models.queries.postmortems import postmortems
from models.queries.review import reviews

routes: APIRouter = router("lifecycle", prefix="/postmortems/{postmortem_id}")


class SubmitIn(Given):
    """``reviewerIds`` are added to the current reviewers. ``publishOnApproval`` publishes automatically after the
    last approval."""

    reviewer_ids: Annotated[list[Ref], Field(max_length=50, default_factory=list)]
    publish_on_approval: bool | None = None


class CommentIn(Given):
    comment: Remark = None


class ReviewIn(Given):
    decision: Decision
    comment: Remark = None


class ReviewersIn(Given):
    """One person, several, or a team's active members other than the author and current reviewers."""

    user_id: Ref | None = None
    user_ids: Annotated[list[Ref], Field(max_length=50, default_factory=list)]
    team_id: Ref | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not (self.people() or self.team_id):
            raise ValueError("send a userId, userIds, or a teamId")
        return self

    def people(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*([self.user_id] if self.user_id else []), *self.user_ids]))


class ReplacementIn(Given):
    """The new reviewer."""

    user_id: Ref


class ReviewersOut(Listing[ReviewerListed]):
    """``added`` lists the reviewers that this request added."""

    added: list[str]


class ReviewOut(Shape):
    id: str
    user_id: str
    decision: Decision
    comment: str | None
    revision: int
    is_current: bool
    created_at: datetime


class ReasonIn(Given):
    reason: Text = None


class ExtendIn(ReasonIn):
    """``until`` is the new due time."""

    until: Instant


class EscalationOut(Shape):
    """``covers`` lists earlier escalation steps that the same message covered."""

    rung: str
    at: datetime
    to: list[str]
    channel: str
    covers: list[str]


class TargetOut(Shape):
    """The remaining time is in seconds, negative once overdue, null once settled: in elapsed time, and in working
    time of the policy."""

    name: TargetName
    due_at: datetime
    state: TargetState
    met_at: datetime | None
    extended_to: datetime | None
    reason: str | None
    slips: int
    remaining_seconds: int | None
    remaining_working_seconds: int | None
    escalations: list[EscalationOut]


@routes.post("/submit")
async def submit(
    context: Context, postmortem_id: PathId, response: Response, given: SubmitIn | None = None
) -> PostmortemOut:
    """Moves a DRAFT to IN_REVIEW. If it isn't ready, the response lists every reason."""
    given = given or SubmitIn()
    await commands.run_postmortem_command(
        context,
        postmortem_id,
        PostmortemAction.SUBMIT,
        person_ids=tuple(dict.fromkeys(given.reviewer_ids)),
        publish_on_approval=given.publish_on_approval,
    )
    return await read(context, postmortem_id, response)


@routes.post("/publish")
async def publish(context: Context, postmortem_id: PathId, response: Response) -> PostmortemOut:
    """Moves a postmortem from IN_REVIEW to PUBLISHED. If it isn't ready, the response lists every reason."""
    return await _moved(context, postmortem_id, PostmortemAction.PUBLISH, response)


@routes.post("/archive")
async def archive(context: Context, postmortem_id: PathId, response: Response) -> PostmortemOut:
    """Moves a PUBLISHED postmortem to ARCHIVED. Administrators only."""
    return await _moved(context, postmortem_id, PostmortemAction.ARCHIVE, response)


@routes.post("/request-changes")
async def request_changes(
    context: Context, postmortem_id: PathId, response: Response, given: CommentIn | None = None
) -> PostmortemOut:
    """Sends a postmortem back to DRAFT (as a reviewer), or reopens a PUBLISHED one for review (as an administrator).
    The comment says what should change."""
    comment = given.comment if given else None
    return await _moved(context, postmortem_id, PostmortemAction.REQUEST_CHANGES, response, comment)


async def _moved(
    context: RequestContext,
    postmortem_id: str,
    action: PostmortemAction,
    response: Response,
    comment: str | None = None,
) -> PostmortemOut:
    await commands.run_postmortem_command(context, postmortem_id, action, {"comment": comment})
    return await read(context, postmortem_id, response)


# Reviews


@routes.get("/reviews")
async def list_reviews(context: Context, postmortem_id: PathId) -> Listing[ReviewOut]:
    """Lists every review decision, oldest first, with the content revision it was made on."""
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    found = await reviews.list_reviews(context.session, seen)
    current = seen.postmortem.content_revision
    return Listing(
        items=[
            ReviewOut(
                id=one.id,
                user_id=one.person_id,
                decision=Decision(one.decision),
                comment=one.comment,
                revision=one.revision,
                is_current=one.revision == current,
                created_at=one.created_at,
            )
            for one in found
        ]
    )


@routes.post("/reviews", status_code=201)
async def review(context: Context, postmortem_id: PathId, given: ReviewIn, response: Response) -> PostmortemOut:
    """Approves the current revision, or requests changes. Reviewers only."""
    action = PostmortemAction.APPROVE if given.decision is Decision.APPROVE else PostmortemAction.REQUEST_CHANGES
    return await _moved(context, postmortem_id, action, response, given.comment)


# Reviewers


@routes.get("/reviewers")
async def list_reviewers(context: Context, postmortem_id: PathId) -> Listing[ReviewerListed]:
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    return Listing(items=await _reviewers(context, seen))


async def _reviewers(context: RequestContext, seen: postmortems.VisiblePostmortem) -> list[ReviewerListed]:
    found = await reviews.list_reviewers(context.session, seen)
    absences = await people.find_absences(context.session, [one.person_id for one in found], context.now)
    return [_listed(one, seen, absences.get(one.person_id)) for one in found]


def _listed(one: PostmortemReviewer, seen: postmortems.VisiblePostmortem, absence: Absence | None) -> ReviewerListed:
    left = absence is not None and absence.left
    return ReviewerListed(
        user_id=one.person_id,
        state=postmortems.state_of(one, seen.postmortem),
        decided_at=one.decided_at,
        active=not left,
        away=absence is not None and not left,
        away_until=absence.until if absence else None,
    )


@routes.post("/reviewers", status_code=201)
async def add_reviewers(context: Context, postmortem_id: PathId, given: ReviewersIn) -> ReviewersOut:
    """Adds reviewers. The author can't be a reviewer. If the postmortem is in review, they're notified right away."""
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    asked = dict.fromkeys(given.people())
    if given.team_id:
        passed_over = {seen.postmortem.author_id}
        passed_over |= {one.person_id for one in await reviews.list_reviewers(context.session, seen)}
        members = await references.list_active_members(context.session, given.team_id)
        asked |= dict.fromkeys(one for one in members if one not in passed_over)
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.ADD_REVIEWERS, person_ids=tuple(asked)
    )
    return ReviewersOut(items=await _reviewers(context, seen), added=list(asked))


@routes.post("/reviewers/{user_id}/replace")
async def replace_reviewer(
    context: Context, postmortem_id: PathId, user_id: PathId, given: ReplacementIn
) -> Listing[ReviewerListed]:
    """Replaces a reviewer, such as one who left or is away. If the postmortem is in review, the new reviewer is
    notified right away."""
    changed = (user_id, given.user_id)
    await commands.run_postmortem_command(context, postmortem_id, PostmortemAction.REPLACE_REVIEWER, person_ids=changed)
    return await list_reviewers(context, postmortem_id)


@routes.delete("/reviewers/{user_id}", status_code=204)
async def remove_reviewer(context: Context, postmortem_id: PathId, user_id: PathId) -> None:
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.REMOVE_REVIEWER, person_ids=(user_id,)
    )


# Targets


@routes.get("/targets")
async def list_targets(context: Context, postmortem_id: PathId) -> Listing[TargetOut]:
    """Lists each timing target: when it is due, its state, and who was reminded."""
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    found = await reviews.list_targets(context.session, seen, context.now)
    return Listing(items=[_target_out(one) for one in found])


def _target_out(one: reviews.TargetStanding) -> TargetOut:
    is_settled = one.target.is_settled
    return TargetOut(
        name=one.target.name,
        due_at=one.target.due_at,
        state=one.state,
        met_at=one.target.met_at,
        extended_to=one.target.extended_to,
        reason=one.reason,
        slips=one.slips,
        remaining_seconds=None if is_settled else int(one.remaining.total_seconds()),
        remaining_working_seconds=None if is_settled else int(one.remaining_working.total_seconds()),
        escalations=[
            EscalationOut(rung=it.rung, at=it.at, to=list(it.to), channel=it.channel, covers=list(it.covers))
            for it in one.escalations
        ],
    )


@routes.post("/targets/{target}/waive")
async def waive(context: Context, postmortem_id: PathId, target: TargetName, given: ReasonIn) -> Listing[TargetOut]:
    """Waives a target: Afterword stops reminding people of it. Needs a reason, and is audited."""
    words = {"reason": given.reason}
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.WAIVE_TARGET, words, target=target.value
    )
    return await list_targets(context, postmortem_id)


@routes.post("/targets/{target}/extend")
async def extend(context: Context, postmortem_id: PathId, target: TargetName, given: ExtendIn) -> Listing[TargetOut]:
    """Extends a target to a later time. Needs a reason, is audited, and is counted."""
    words = {"reason": given.reason}
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.EXTEND_TARGET, words, target=target.value, until=given.until
    )
    return await list_targets(context, postmortem_id)

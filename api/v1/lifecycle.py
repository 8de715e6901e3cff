"""The lifecycle of a postmortem: submit, review, publish, archive; its reviewers and its timing targets."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Response
from pydantic import Field, model_validator

from api.unit import Asking, Unit
from api.v1 import commands
from api.v1.postmortem_shapes import PostmortemOut, ReviewerListed
from api.v1.postmortems import read
from api.v1.routing import router
from api.v1.shapes import Given, Listing, PathId, Ref, Remark, Shape, Text
from domain.absence import Absence
from domain.commands import PostmortemAction
from domain.lifecycle import Decision
from domain.targets import TargetName, TargetState
from integrations.fields import Instant
from models.postmortem import PostmortemReviewer
from models.queries import people, postmortems, reviews, teams

routes: APIRouter = router("lifecycle", prefix="/postmortems/{postmortem_id}")


class SubmitIn(Given):
    """``reviewerIds`` are asked on top of those named before; ``publishOnApproval`` publishes on the last approval."""

    reviewer_ids: Annotated[list[Ref], Field(max_length=50, default_factory=list)]
    publish_on_approval: bool | None = None


class CommentIn(Given):
    comment: Remark = None


class ReviewIn(Given):
    decision: Decision
    comment: Remark = None


class ReviewersIn(Given):
    """One, several at once, or the active members of a team who are neither its author nor reviewers already."""

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
    """Who reviews instead."""

    user_id: Ref


class ReviewersOut(Listing[ReviewerListed]):
    """``added`` are those whom this request added."""

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
    """``until`` is the new due instant."""

    until: Instant


class EscalationOut(Shape):
    """``covers`` are lower rungs that were said in the same message."""

    rung: str
    at: datetime
    to: list[str]
    channel: str
    covers: list[str]


class TargetOut(Shape):
    """What remains is in seconds, negative once it is past due, null once it is settled: by the clock on the wall, and
    in working time of the policy's office."""

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
    unit: Asking, postmortem_id: PathId, response: Response, given: SubmitIn | None = None
) -> PostmortemOut:
    """DRAFT to IN_REVIEW. Refused with every reason at once."""
    given = given or SubmitIn()
    await commands.move(
        unit,
        postmortem_id,
        PostmortemAction.SUBMIT,
        person_ids=tuple(dict.fromkeys(given.reviewer_ids)),
        publish_on_approval=given.publish_on_approval,
    )
    return await read(unit, postmortem_id, response)


@routes.post("/publish")
async def publish(unit: Asking, postmortem_id: PathId, response: Response) -> PostmortemOut:
    """IN_REVIEW to PUBLISHED. Refused with every reason at once."""
    return await _moved(unit, postmortem_id, PostmortemAction.PUBLISH, response)


@routes.post("/archive")
async def archive(unit: Asking, postmortem_id: PathId, response: Response) -> PostmortemOut:
    """PUBLISHED to ARCHIVED; administrators."""
    return await _moved(unit, postmortem_id, PostmortemAction.ARCHIVE, response)


@routes.post("/request-changes")
async def request_changes(
    unit: Asking, postmortem_id: PathId, response: Response, given: CommentIn | None = None
) -> PostmortemOut:
    """Back to DRAFT (a reviewer), or from PUBLISHED back to IN_REVIEW (an administrator). A comment says what."""
    comment = given.comment if given else None
    return await _moved(unit, postmortem_id, PostmortemAction.REQUEST_CHANGES, response, comment)


async def _moved(
    unit: Unit, postmortem_id: str, action: PostmortemAction, response: Response, comment: str | None = None
) -> PostmortemOut:
    await commands.move(unit, postmortem_id, action, {"comment": comment})
    return await read(unit, postmortem_id, response)


# Reviews


@routes.get("/reviews")
async def list_reviews(unit: Asking, postmortem_id: PathId) -> Listing[ReviewOut]:
    """Every decision, oldest first, with the content revision that it was made on."""
    seen = await postmortems.get_seen(unit.session, unit.viewer, postmortem_id)
    found = await reviews.list_reviews(unit.session, seen)
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
async def review(unit: Asking, postmortem_id: PathId, given: ReviewIn, response: Response) -> PostmortemOut:
    """A reviewer approves the current revision, or asks for changes."""
    action = PostmortemAction.APPROVE if given.decision is Decision.APPROVE else PostmortemAction.REQUEST_CHANGES
    return await _moved(unit, postmortem_id, action, response, given.comment)


# Reviewers


@routes.get("/reviewers")
async def list_reviewers(unit: Asking, postmortem_id: PathId) -> Listing[ReviewerListed]:
    seen = await postmortems.get_seen(unit.session, unit.viewer, postmortem_id)
    return Listing(items=await _reviewers(unit, seen))


async def _reviewers(unit: Unit, seen: postmortems.Seen) -> list[ReviewerListed]:
    found = await reviews.list_reviewers(unit.session, seen)
    absences = await people.find_absences(unit.session, [one.person_id for one in found], unit.now)
    return [_listed(one, seen, absences.get(one.person_id)) for one in found]


def _listed(one: PostmortemReviewer, seen: postmortems.Seen, absence: Absence | None) -> ReviewerListed:
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
async def add_reviewers(unit: Asking, postmortem_id: PathId, given: ReviewersIn) -> ReviewersOut:
    """Never the author. In review, whoever is added is asked at once."""
    seen = await postmortems.get_seen(unit.session, unit.viewer, postmortem_id)
    asked = dict.fromkeys(given.people())
    if given.team_id:
        passed_over = {seen.postmortem.author_id}
        passed_over |= {one.person_id for one in await reviews.list_reviewers(unit.session, seen)}
        members = await teams.list_active_members(unit.session, given.team_id)
        asked |= dict.fromkeys(one for one in members if one not in passed_over)
    await commands.move(unit, postmortem_id, PostmortemAction.ADD_REVIEWERS, person_ids=tuple(asked))
    return ReviewersOut(items=await _reviewers(unit, seen), added=list(asked))


@routes.post("/reviewers/{user_id}/replace")
async def replace_reviewer(
    unit: Asking, postmortem_id: PathId, user_id: PathId, given: ReplacementIn
) -> Listing[ReviewerListed]:
    """Somebody else reviews instead, such as for a reviewer who left or is away; in review, they are asked at once."""
    changed = (user_id, given.user_id)
    await commands.move(unit, postmortem_id, PostmortemAction.REPLACE_REVIEWER, person_ids=changed)
    return await list_reviewers(unit, postmortem_id)


@routes.delete("/reviewers/{user_id}", status_code=204)
async def remove_reviewer(unit: Asking, postmortem_id: PathId, user_id: PathId) -> None:
    await commands.move(unit, postmortem_id, PostmortemAction.REMOVE_REVIEWER, person_ids=(user_id,))


# Targets


@routes.get("/targets")
async def list_targets(unit: Asking, postmortem_id: PathId) -> Listing[TargetOut]:
    """Each timing target: when it is due, how it stands, and who was nudged."""
    seen = await postmortems.get_seen(unit.session, unit.viewer, postmortem_id)
    found = await reviews.list_targets(unit.session, seen, unit.now)
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
async def waive(unit: Asking, postmortem_id: PathId, target: TargetName, given: ReasonIn) -> Listing[TargetOut]:
    """The target is not asked for any more. Needs a reason, and is audited."""
    words = {"reason": given.reason}
    await commands.move(unit, postmortem_id, PostmortemAction.WAIVE_TARGET, words, target=target.value)
    return await list_targets(unit, postmortem_id)


@routes.post("/targets/{target}/extend")
async def extend(unit: Asking, postmortem_id: PathId, target: TargetName, given: ExtendIn) -> Listing[TargetOut]:
    """The target is due later. Needs a reason, and is audited and counted."""
    words = {"reason": given.reason}
    await commands.move(
        unit, postmortem_id, PostmortemAction.EXTEND_TARGET, words, target=target.value, until=given.until
    )
    return await list_targets(unit, postmortem_id)

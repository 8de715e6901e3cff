"""What a review looks like outside: transitions, reviewers, reviews and timing targets."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from api.shapes.base import Given, Listing, Ref, Remark, Shape, Text
from api.shapes.postmortems import ReviewerListed
from application.escalation.targets import TargetProgress
from domain.escalation.targets import TargetName, TargetState
from domain.people.absence import Absence
from domain.review.reviewers import Decision
from integrations.fields import Instant
from models.postmortem import Postmortem, PostmortemReviewer, Review
from models.queries.postmortems.postmortems import state_of_reviewer


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
    def _names_anyone(self) -> Self:
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
    resting: bool = Field(description="The incident is open again, and no one has begun the draft: nothing is missed.")
    escalations: list[EscalationOut]


def review_out(row: Review, postmortem: Postmortem) -> ReviewOut:
    return ReviewOut(
        id=row.id,
        user_id=row.person_id,
        decision=Decision(row.decision),
        comment=row.comment,
        revision=row.revision,
        is_current=row.revision == postmortem.content_revision,
        created_at=row.created_at,
    )


def reviewer_out(row: PostmortemReviewer, postmortem: Postmortem, absence: Absence | None) -> ReviewerListed:
    left = absence is not None and absence.left
    return ReviewerListed(
        user_id=row.person_id,
        state=state_of_reviewer(row, postmortem),
        decided_at=row.decided_at,
        active=not left,
        away=absence is not None and not left,
        away_until=absence.until if absence else None,
        reminded_at=row.reminded_at,
        waived_by=row.waived_by_id,
        waived_reason=row.waived_reason,
    )


def target_out(progress: TargetProgress) -> TargetOut:
    is_settled = progress.target.is_settled
    return TargetOut(
        name=progress.target.name,
        due_at=progress.target.due_at,
        state=progress.state,
        met_at=progress.target.met_at,
        extended_to=progress.target.extended_to,
        reason=progress.reason,
        slips=progress.slips,
        remaining_seconds=None if is_settled else int(progress.remaining.total_seconds()),
        remaining_working_seconds=None if is_settled else int(progress.remaining_working.total_seconds()),
        resting=progress.is_resting,
        escalations=[
            EscalationOut(rung=one.rung, at=one.at, to=list(one.to), channel=one.channel, covers=list(one.covers))
            for one in progress.escalations
        ],
    )

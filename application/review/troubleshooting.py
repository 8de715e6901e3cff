"""Why a postmortem can't be published yet, for everyone who sees it, whether or not they may publish it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.review.commands import read_facts
from application.review.context import PostmortemCommandContext
from application.review.readiness import readiness_of
from domain import access
from domain.access import Verb, Viewer
from domain.errors import Fact
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from domain.postmortems.lifecycle import Status, Transition
from domain.review.readiness import publish_reasons, submit_reasons
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.facts import ReviewFacts
from models.session import Session

APPROVED = "All reviewers have approved"
GROUPS = {
    "All required sections are completed": frozenset({"SectionMissing", "FieldMissing"}),
    APPROVED: frozenset({"NoReviewer", "ReviewOutstanding", "ReviewersMissing"}),
    "No comment thread is open": frozenset({"UnresolvedComments"}),
    "Each action item has an owner and a due date": frozenset({"ActionItemIncomplete"}),
}
"""The checks, and the codes of the reasons that each of them fails for."""
BEFORE_REVIEW = frozenset({"SectionMissing", "ReviewersMissing"})


@dataclass(frozen=True, slots=True)
class PublicationCheck:
    """``reasons`` are why it fails, as the refusals say them. ``blocks_review``: submitting waits for it, too."""

    name: str
    reasons: Sequence[Fact]
    blocks_review: bool


@dataclass(frozen=True, slots=True)
class PublicationChecks:
    checks: Sequence[PublicationCheck]
    is_in_review: bool
    may_publish: bool


async def read_publication_facts(session: Session, viewer: Viewer, postmortem_id: str) -> ReviewFacts:
    """What decides about publishing, and about every other transition, too: one statement. Raises NotFound."""
    return await read_facts(session, viewer, _publish(viewer, postmortem_id), is_read=False)


def _publish(viewer: Viewer, postmortem_id: str) -> PostmortemCommand:
    return PostmortemCommand(postmortem_id, PostmortemAction.PUBLISH, request_id="", actor_id=viewer.person_id)


def publication_checks(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, facts: ReviewFacts, now: datetime
) -> PublicationChecks:
    """For drafts and those in review."""
    command = _publish(viewer, visible.postmortem.id)
    context = PostmortemCommandContext(session, viewer, facts, command, {}, now)
    is_draft = context.status is Status.DRAFT
    readiness = readiness_of(context, Transition.PUBLISH)
    reasons = publish_reasons(readiness)
    if is_draft:  # nobody reviews a draft: what counts is whether enough reviewers are chosen
        reasons = [one for one in reasons if not _is_about_reviewers(one)]
        reasons += [one for one in submit_reasons(readiness) if _is_about_reviewers(one)]
    return PublicationChecks(
        [
            PublicationCheck(
                "Enough reviewers are chosen" if is_draft and name == APPROVED else name,
                [one for one in reasons if _code(one) in codes],
                blocks_review=bool(codes & BEFORE_REVIEW),
            )
            for name, codes in GROUPS.items()
        ],
        is_in_review=context.status is Status.IN_REVIEW,
        may_publish=access.may(Verb.PUBLISH, Status.IN_REVIEW, visible.relations),
    )


def _code(reason: Fact) -> Fact:
    return reason.get("code") if isinstance(reason, dict) else None


def _is_about_reviewers(reason: Fact) -> bool:
    return _code(reason) in GROUPS[APPROVED]

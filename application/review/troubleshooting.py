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
from domain.review.readiness import publish_reasons
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session

GROUPS = {
    "All required sections are completed": frozenset({"SectionMissing", "FieldMissing"}),
    "All reviewers have approved": frozenset({"NoReviewer", "ReviewOutstanding"}),
    "No comment thread is open": frozenset({"UnresolvedComments"}),
    "Each action item has an owner and a due date": frozenset({"ActionItemIncomplete"}),
}
"""The checks, and the codes of the reasons that each of them fails for."""


@dataclass(frozen=True, slots=True)
class PublicationCheck:
    """``reasons`` are why it fails, as the refusal of publishing says them."""

    name: str
    reasons: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class PublicationChecks:
    checks: Sequence[PublicationCheck]
    is_in_review: bool
    may_publish: bool


async def publication_checks(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, now: datetime
) -> PublicationChecks:
    """One statement. For drafts and those in review."""
    key = visible.postmortem.id
    command = PostmortemCommand(key, PostmortemAction.PUBLISH, request_id="", actor_id=viewer.person_id)
    facts = await read_facts(session, viewer, command, is_read=False)
    context = PostmortemCommandContext(session, viewer, facts, command, {}, now)
    reasons = publish_reasons(readiness_of(context, Transition.PUBLISH))
    return PublicationChecks(
        [
            PublicationCheck(name, [one for one in reasons if isinstance(one, dict) and one.get("code") in codes])
            for name, codes in GROUPS.items()
        ],
        is_in_review=context.status is Status.IN_REVIEW,
        may_publish=access.may(Verb.PUBLISH, Status.IN_REVIEW, visible.relations),
    )

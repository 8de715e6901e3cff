"""The lifecycle of a postmortem. ``apply`` is the only place where a status changes.

Shapes: :class:`Facts` in, :class:`Status` out. Refusals name every reason at once. Source: the lifecycle table of
the public contract.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import (
    CommentRequired,
    Fact,
    IllegalTransition,
    NotReadyToPublish,
    NotReadyToSubmit,
    reason,
)
from domain.people.absence import Absence


class Status(StrEnum):
    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


class Move(StrEnum):
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"
    PUBLISH = "PUBLISH"
    ARCHIVE = "ARCHIVE"


TRANSITIONS: dict[tuple[Status, Move], Status] = {
    (Status.DRAFT, Move.SUBMIT): Status.IN_REVIEW,
    (Status.IN_REVIEW, Move.APPROVE): Status.IN_REVIEW,
    (Status.IN_REVIEW, Move.REQUEST_CHANGES): Status.DRAFT,
    (Status.IN_REVIEW, Move.PUBLISH): Status.PUBLISHED,
    (Status.PUBLISHED, Move.REQUEST_CHANGES): Status.IN_REVIEW,
    (Status.PUBLISHED, Move.ARCHIVE): Status.ARCHIVED,
}

MOVE_TO: dict[tuple[Status, Status], Move] = {
    (before, after): move for (before, move), after in TRANSITIONS.items() if before is not after
}
"""Which transition a PATCH of ``status`` means."""


class ReviewerState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    STALE = "STALE"


class Decision(StrEnum):
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates look at. ``missing_fields`` are keys of required custom fields without a value,
    ``incomplete_items`` ids of action items without an owner or a due date; ``absent`` are reviewers who left or are
    away."""

    missing_sections: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()
    reviewers: tuple[tuple[str, ReviewerState], ...] = ()
    absent: tuple[tuple[str, Absence], ...] = ()
    unresolved_comments: int = 0
    incomplete_items: tuple[str, ...] = ()
    action_items: int = 0
    min_reviewers: int = 1
    comment: str | None = None


def reviewer_state(decision: Decision | None, decided_revision: int | None, current_revision: int) -> ReviewerState:
    """A decision counts for the content revision that it was made on."""
    if decision is None:
        return ReviewerState.PENDING
    if decision is Decision.REQUEST_CHANGES:
        return ReviewerState.CHANGES_REQUESTED
    return ReviewerState.APPROVED if decided_revision == current_revision else ReviewerState.STALE


_IN_WORDS: dict[Move, str] = {
    Move.SUBMIT: "submit a postmortem for review",
    Move.APPROVE: "approve a postmortem",
    Move.REQUEST_CHANGES: "request changes",
    Move.PUBLISH: "publish a postmortem",
    Move.ARCHIVE: "archive a postmortem",
}

_POSSIBLE: dict[Status, str] = {
    Status.DRAFT: "Submit it for review first.",
    Status.IN_REVIEW: "In review, you can approve it, request changes, or publish it.",
    Status.PUBLISHED: "Once it is published, you can archive it, or request changes to reopen its review.",
    Status.ARCHIVED: "An archived postmortem can't change anymore.",
}
"""What is possible instead, in each status."""


def next_status(status: Status, move: Move) -> Status:
    """Raises :class:`IllegalTransition`, which says what is possible instead."""
    after = TRANSITIONS.get((status, move))
    if after is None:
        raise IllegalTransition(move=_IN_WORDS[move], entity="postmortem", status=status, hint=_POSSIBLE[status])
    return after


def apply(status: Status, move: Move, facts: Facts) -> Status:
    """The status after the move; raises the refusal with all of its reasons."""
    after = next_status(status, move)
    if move is Move.SUBMIT and (lacking := _submit_reasons(facts)):
        raise NotReadyToSubmit(reasons=lacking)
    if move is Move.PUBLISH and (lacking := publish_reasons(facts)):
        raise NotReadyToPublish(reasons=lacking)
    if move is Move.REQUEST_CHANGES and not (facts.comment or "").strip():
        raise CommentRequired(field="comment")
    return after


def publish_reasons(facts: Facts) -> list[Fact]:
    """Everything that stands between IN_REVIEW and PUBLISHED, in the order in which people would mend it."""
    reasons = _section_reasons(facts)
    if not facts.reviewers:
        reasons.append(reason("NoReviewer", "No reviewer has been added yet. Request a review."))
    absent = dict(facts.absent)
    for person_id, state in facts.reviewers:
        if state is not ReviewerState.APPROVED:
            reasons.append(_outstanding(person_id, state, absent.get(person_id)))
    if facts.unresolved_comments:
        reasons.append(
            reason(
                "UnresolvedComments",
                _threads_left(facts.unresolved_comments),
                count=facts.unresolved_comments,
            )
        )
    reasons.extend(
        reason("ActionItemIncomplete", f"The action item {item} needs an owner and a due date.", actionItemId=item)
        for item in facts.incomplete_items
    )
    return reasons


def _outstanding(person_id: str, state: ReviewerState, absence: Absence | None) -> Fact:
    """What a reviewer still has to do; one who left or is away should be replaced."""
    words = _OUTSTANDING[state].format(person=person_id)
    if absence is None:
        return reason("ReviewOutstanding", words, personId=person_id, state=state)
    words = f"{words} They {absence.in_plural}: replace them."
    until = absence.until.isoformat() if absence.until else None
    return reason(
        "ReviewOutstanding",
        words,
        personId=person_id,
        state=state,
        absent="LEFT" if absence.left else "AWAY",
        awayUntil=until,
        action="replace",
    )


_OUTSTANDING = {
    ReviewerState.PENDING: "{person} hasn't reviewed yet.",
    ReviewerState.STALE: "{person} approved an earlier version, and the content has changed since.",
    ReviewerState.CHANGES_REQUESTED: "{person} requested changes.",
}


def _threads_left(count: int) -> str:
    return "1 comment thread is still open." if count == 1 else f"{count} comment threads are still open."


def _submit_reasons(facts: Facts) -> list[Fact]:
    reasons = _section_reasons(facts)
    if len(facts.reviewers) < facts.min_reviewers:
        words = f"It needs at least {facts.min_reviewers} reviewers, and has {len(facts.reviewers)}."
        if facts.min_reviewers == 1:
            words = "It needs at least 1 reviewer."
        reasons.append(reason("ReviewersMissing", words, needed=facts.min_reviewers, named=len(facts.reviewers)))
    return reasons


def _section_reasons(facts: Facts) -> list[Fact]:
    """The sections in the order of the postmortem's template, then its custom fields in theirs."""
    return [
        *(
            reason("SectionMissing", f"The section '{name}' is still empty.", section=name)
            for name in facts.missing_sections
        ),
        *(reason("FieldMissing", f"The field '{key}' is still empty.", field=key) for key in facts.missing_fields),
    ]

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
"""Which move a PATCH of ``status`` means."""


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


def next_status(status: Status, move: Move) -> Status:
    """Raises :class:`IllegalTransition`, which says what is possible instead."""
    after = TRANSITIONS.get((status, move))
    if after is None:
        possible = [one.value.lower().replace("_", " ") for (before, one) in TRANSITIONS if before is status]
        hint = f"Possible now: {', '.join(possible)}." if possible else "Nothing is possible any more."
        raise IllegalTransition(
            move=move.value.lower().replace("_", " "), entity="postmortem", status=status, hint=hint
        )
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
        reasons.append(reason("NoReviewer", "Nobody was asked to review."))
    absent = dict(facts.absent)
    for person_id, state in facts.reviewers:
        if state is not ReviewerState.APPROVED:
            reasons.append(_outstanding(person_id, state, absent.get(person_id)))
    if facts.unresolved_comments:
        reasons.append(
            reason(
                "UnresolvedComments",
                f"{facts.unresolved_comments} comment thread(s) are not resolved.",
                count=facts.unresolved_comments,
            )
        )
    reasons.extend(
        reason("ActionItemIncomplete", f"Action item {item} needs one owner and a due date.", actionItemId=item)
        for item in facts.incomplete_items
    )
    return reasons


def _outstanding(person_id: str, state: ReviewerState, absence: Absence | None) -> Fact:
    """Nobody waits for somebody who is not there without being told."""
    words = f"{person_id} {_REVIEW_WORDS[state]}"
    if absence is None:
        return reason("ReviewOutstanding", f"{words}.", personId=person_id, state=state)
    words = f"{words}, and {absence.words}: replace them."
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


_REVIEW_WORDS = {
    ReviewerState.PENDING: "has not reviewed yet",
    ReviewerState.STALE: "approved an earlier revision; the content changed since",
    ReviewerState.CHANGES_REQUESTED: "asked for changes",
}


def _submit_reasons(facts: Facts) -> list[Fact]:
    reasons = _section_reasons(facts)
    if len(facts.reviewers) < facts.min_reviewers:
        words = f"{len(facts.reviewers)} of at least {facts.min_reviewers} reviewer(s) named."
        reasons.append(reason("ReviewersMissing", words, needed=facts.min_reviewers, named=len(facts.reviewers)))
    return reasons


def _section_reasons(facts: Facts) -> list[Fact]:
    """The sections in the order of the postmortem's template, then its custom fields in theirs."""
    return [
        *(
            reason("SectionMissing", f"The section '{name}' is not written yet.", section=name)
            for name in facts.missing_sections
        ),
        *(reason("FieldMissing", f"The field '{key}' has no value.", field=key) for key in facts.missing_fields),
    ]

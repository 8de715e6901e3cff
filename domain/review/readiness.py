"""Whether a postmortem is ready to submit or to publish: every reason against it, in the order people would fix it."""

from dataclasses import dataclass

from domain.errors import Fact, reason
from domain.people.absence import Absence
from domain.review.reviewers import ReviewerState


@dataclass(frozen=True, slots=True)
class ReadinessFacts:
    """What decides whether a postmortem is ready.

    ``missing_fields`` are the keys of required custom fields without a value, ``incomplete_items`` the ids of action
    items without an owner or a due date. ``absent`` are reviewers who left or are away.
    """

    missing_sections: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()
    reviewers: tuple[tuple[str, ReviewerState], ...] = ()
    absent: tuple[tuple[str, Absence], ...] = ()
    unresolved_comments: int = 0
    incomplete_items: tuple[str, ...] = ()
    min_reviewers: int = 1
    comment: str | None = None


def publish_reasons(facts: ReadinessFacts) -> list[Fact]:
    """Everything that keeps a postmortem in review from being published."""
    reasons = _content_reasons(facts)
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
    """Says so if the reviewer left or is away, so that nobody waits for them."""
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


def submit_reasons(facts: ReadinessFacts) -> list[Fact]:
    """Everything that keeps a draft from being submitted for review."""
    reasons = _content_reasons(facts)
    if len(facts.reviewers) < facts.min_reviewers:
        words = f"{len(facts.reviewers)} of at least {facts.min_reviewers} reviewer(s) named."
        reasons.append(reason("ReviewersMissing", words, needed=facts.min_reviewers, named=len(facts.reviewers)))
    return reasons


def _content_reasons(facts: ReadinessFacts) -> list[Fact]:
    """Missing sections in the order of the template, then missing custom fields in theirs."""
    return [
        *(
            reason("SectionMissing", f"The section '{name}' is not written yet.", section=name)
            for name in facts.missing_sections
        ),
        *(reason("FieldMissing", f"The field '{key}' has no value.", field=key) for key in facts.missing_fields),
    ]

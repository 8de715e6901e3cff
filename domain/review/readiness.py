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
        reasons.append(reason("NoReviewer", "No reviewer has been added yet. Request a review."))
    absent = dict(facts.absent)
    for person_id, state in facts.reviewers:
        if state.is_outstanding:
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
    """Says so if the reviewer left or is away, so that nobody waits for them."""
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


def submit_reasons(facts: ReadinessFacts) -> list[Fact]:
    """Everything that keeps a draft from being submitted for review."""
    reasons = _content_reasons(facts)
    if len(facts.reviewers) < facts.min_reviewers:
        words = f"It needs at least {facts.min_reviewers} reviewers, and has {len(facts.reviewers)}."
        if facts.min_reviewers == 1:
            words = "It needs at least 1 reviewer."
        reasons.append(reason("ReviewersMissing", words, needed=facts.min_reviewers, named=len(facts.reviewers)))
    return reasons


def _content_reasons(facts: ReadinessFacts) -> list[Fact]:
    """Missing sections in the order of the template, then missing custom fields in theirs."""
    return [
        *(
            reason("SectionMissing", f"The section '{name}' is still empty.", section=name)
            for name in facts.missing_sections
        ),
        *(reason("FieldMissing", f"The field '{key}' is still empty.", field=key) for key in facts.missing_fields),
    ]

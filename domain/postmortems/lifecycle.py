"""The lifecycle of a postmortem: its statuses, its transitions, and what each of them requires.

The table ``TRANSITIONS`` is the only place that decides a next status. Refusals name every reason at once. Source: the
lifecycle table of the public contract.
"""

from enum import StrEnum

from domain.errors import CommentRequired, IllegalTransition, NotReadyToPublish, NotReadyToSubmit
from domain.review.readiness import ReadinessFacts, publish_reasons, submit_reasons


class Status(StrEnum):
    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


class Transition(StrEnum):
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"
    WITHDRAW = "WITHDRAW"
    PUBLISH = "PUBLISH"
    ARCHIVE = "ARCHIVE"


TRANSITIONS: dict[tuple[Status, Transition], Status] = {
    (Status.DRAFT, Transition.SUBMIT): Status.IN_REVIEW,
    (Status.IN_REVIEW, Transition.APPROVE): Status.IN_REVIEW,
    (Status.IN_REVIEW, Transition.REQUEST_CHANGES): Status.DRAFT,
    (Status.IN_REVIEW, Transition.WITHDRAW): Status.DRAFT,
    (Status.IN_REVIEW, Transition.PUBLISH): Status.PUBLISHED,
    (Status.PUBLISHED, Transition.REQUEST_CHANGES): Status.IN_REVIEW,
    (Status.PUBLISHED, Transition.ARCHIVE): Status.ARCHIVED,
}

TRANSITION_TO: dict[tuple[Status, Status], Transition] = {
    (before, after): transition
    for (before, transition), after in TRANSITIONS.items()
    if before is not after and transition is not Transition.WITHDRAW
}
"""Which transition a PATCH of ``status`` means: from review back to a draft, it requests changes."""


_IN_WORDS: dict[Transition, str] = {
    Transition.SUBMIT: "submit a postmortem for review",
    Transition.APPROVE: "approve a postmortem",
    Transition.REQUEST_CHANGES: "request changes",
    Transition.WITHDRAW: "withdraw a postmortem from review",
    Transition.PUBLISH: "publish a postmortem",
    Transition.ARCHIVE: "archive a postmortem",
}

_POSSIBLE: dict[Status, str] = {
    Status.DRAFT: "Submit it for review first.",
    Status.IN_REVIEW: "In review, you can approve it, request changes, withdraw it, or publish it.",
    Status.PUBLISHED: "Once it is published, you can archive it, or request changes to reopen its review.",
    Status.ARCHIVED: "An archived postmortem can't change anymore.",
}
"""What is possible instead, in each status."""


def next_status(status: Status, transition: Transition) -> Status:
    """The status that the table gives. Raises :class:`IllegalTransition`, which says what is possible instead."""
    after = TRANSITIONS.get((status, transition))
    if after is None:
        raise IllegalTransition(move=_IN_WORDS[transition], entity="postmortem", status=status, hint=_POSSIBLE[status])
    return after


def apply(status: Status, transition: Transition, facts: ReadinessFacts) -> Status:
    """The status after the transition. Raises the refusal, with all of its reasons, where it is not ready for it."""
    after = next_status(status, transition)
    if transition is Transition.SUBMIT and (lacking := submit_reasons(facts)):
        raise NotReadyToSubmit(reasons=lacking)
    if transition is Transition.PUBLISH and (lacking := publish_reasons(facts)):
        raise NotReadyToPublish(reasons=lacking)
    if transition is Transition.REQUEST_CHANGES and not (facts.comment or "").strip():
        raise CommentRequired(field="comment")
    return after

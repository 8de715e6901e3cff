"""Commands to a postmortem's workflow. Small facts only: the text of a command is staged in the database."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.postmortems.lifecycle import Transition


class PostmortemAction(StrEnum):
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"
    WITHDRAW = "WITHDRAW"
    PUBLISH = "PUBLISH"
    ARCHIVE = "ARCHIVE"
    ADD_REVIEWERS = "ADD_REVIEWERS"
    REMOVE_REVIEWER = "REMOVE_REVIEWER"
    REPLACE_REVIEWER = "REPLACE_REVIEWER"
    REMIND_REVIEWER = "REMIND_REVIEWER"
    WAIVE_REVIEW = "WAIVE_REVIEW"
    WAIVE_TARGET = "WAIVE_TARGET"
    EXTEND_TARGET = "EXTEND_TARGET"
    DELETE = "DELETE"

    @property
    def transition(self) -> Transition | None:
        return Transition(self.value) if self.value in Transition.__members__ else None


@dataclass(frozen=True, slots=True)
class PostmortemCommand:
    """``request_id`` makes a repeat get its first answer, and ``fingerprint`` tells a repeat from another request with
    the same key. ``has_words`` says that text was staged under ``request_id``. For ``REPLACE_REVIEWER``, ``person_ids``
    holds the reviewer to remove and then the one to add."""

    postmortem_id: str
    action: PostmortemAction
    request_id: str
    actor_id: str
    origin: str = "api"
    fingerprint: str = ""
    person_ids: tuple[str, ...] = ()
    target: str | None = None
    until: datetime | None = None
    publish_on_approval: bool | None = None
    has_words: bool = False

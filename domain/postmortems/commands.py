"""Commands: what a person or program asks a workflow to do. Small facts only; words are staged beside the row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.postmortems.lifecycle import Move


class PostmortemAction(StrEnum):
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"
    PUBLISH = "PUBLISH"
    ARCHIVE = "ARCHIVE"
    ADD_REVIEWERS = "ADD_REVIEWERS"
    REMOVE_REVIEWER = "REMOVE_REVIEWER"
    REPLACE_REVIEWER = "REPLACE_REVIEWER"
    WAIVE_TARGET = "WAIVE_TARGET"
    EXTEND_TARGET = "EXTEND_TARGET"
    DELETE = "DELETE"

    @property
    def move(self) -> Move | None:
        return Move(self.value) if self.value in Move.__members__ else None


class ActionItemAction(StrEnum):
    CHANGE = "CHANGE"
    SNOOZE = "SNOOZE"
    OPEN_TICKET = "OPEN_TICKET"
    DROP_TICKET = "DROP_TICKET"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class PostmortemCommand:
    """``request_id`` makes a repeat meet its first answer, and ``fingerprint`` tells a repeat from another request
    with the same key; ``has_words`` tells that text was staged under it. ``REPLACE_REVIEWER`` names in ``person_ids``
    who goes and who comes."""

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


@dataclass(frozen=True, slots=True)
class ActionItemCommand:
    """``CHANGE`` takes its new values from what was staged."""

    action_item_id: str
    action: ActionItemAction
    request_id: str
    actor_id: str
    origin: str = "api"
    fingerprint: str = ""
    integration_id: str | None = None
    ticket_id: str | None = None
    until: datetime | None = None
    has_words: bool = False

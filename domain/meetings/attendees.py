"""Who should come to a review meeting, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.documents.document import Document


class Why(StrEnum):
    AUTHOR = "author"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    PARTICIPANT = "participant"
    OWNER = "owner"
    """Of an action item that isn't done."""


REQUIRED = frozenset({Why.AUTHOR, Why.REVIEWER})


@dataclass(frozen=True, slots=True)
class Attendee:
    person_id: str
    why: tuple[Why, ...]

    @property
    def is_required(self) -> bool:
        return not REQUIRED.isdisjoint(self.why)


def suggest_attendees(document: Document) -> list[Attendee]:
    """Those who are needed first; each once, with every reason."""
    reasons: dict[str, list[Why]] = {}
    for person_id, why in _involved(document):
        known = reasons.setdefault(person_id, [])
        if why not in known:
            known.append(why)
    found = [Attendee(person_id, tuple(why)) for person_id, why in reasons.items()]
    return sorted(found, key=lambda one: not one.is_required)


def _involved(document: Document) -> Iterator[tuple[str, Why]]:
    if document.author_id:
        yield document.author_id, Why.AUTHOR
    yield from ((one.user_id, Why.REVIEWER) for one in document.reviewers)
    yield from ((one.user_id, Why.EDITOR) for one in document.editors)
    yield from ((one, Why.PARTICIPANT) for one in document.participants)
    for item in document.action_items:
        if item.owner_id and not item.status.is_settled:
            yield item.owner_id, Why.OWNER

"""What a comment may be, and who may do what with it."""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from domain import access
from domain.access import Relation, Verb
from domain.errors import NotAllowed, ThreadAnswered
from domain.postmortems.lifecycle import Status


class CommentKind(StrEnum):
    """``CHANGE_REQUEST``: changes that a reviewer or an administrator requested. It blocks publishing like any open
    thread."""

    COMMENT = "COMMENT"
    CHANGE_REQUEST = "CHANGE_REQUEST"


def relations_to(mine: bool, relations: AbstractSet[Relation]) -> AbstractSet[Relation]:
    """What somebody is to a comment: what they are to its postmortem, and perhaps its author."""
    return {*relations, Relation.WRITER} if mine else relations


def check_reword(status: Status, held: AbstractSet[Relation]) -> None:
    access.check(Verb.REWORD, status, held)


def check_resolve(status: Status, held: AbstractSet[Relation]) -> None:
    """Whoever opened the thread, and those who write or review."""
    access.check(Verb.RESOLVE, status, held)


def check_remove(status: Status, held: AbstractSet[Relation], *, answered_by_others: bool) -> None:
    """One's own words only; a thread takes its answers along, so not once others have answered."""
    if not access.may(Verb.DELETE_COMMENT, status, held):
        raise NotAllowed(action="delete this comment", who=access.in_words({Relation.WRITER, Relation.ADMIN}))
    if answered_by_others and Relation.ADMIN not in held:
        raise ThreadAnswered(who=access.in_words({Relation.ADMIN}))

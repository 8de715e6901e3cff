"""What a comment may be, and who may do what with it."""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from domain.access import MANAGING, Relation, in_words
from domain.errors import NotAllowed, ThreadAnswered


class CommentKind(StrEnum):
    """``CHANGE_REQUEST``: what a reviewer, or an administrator, asked for; publishing waits for it like for others."""

    COMMENT = "COMMENT"
    CHANGE_REQUEST = "CHANGE_REQUEST"


RESOLVING = MANAGING | {Relation.REVIEWER}


def check_reword(mine: bool) -> None:
    if not mine:
        raise NotAllowed(action="reword", who="its author")


def check_resolve(mine: bool, relations: AbstractSet[Relation]) -> None:
    """Whoever opened the thread, and those who write or review."""
    if not (mine or relations & RESOLVING):
        raise NotAllowed(action="resolve", who=f"its author, {in_words(RESOLVING)}")


def check_remove(mine: bool, relations: AbstractSet[Relation], *, answered_by_others: bool) -> None:
    """One's own words only; a thread takes its answers along, so not once others have answered."""
    if Relation.ADMIN in relations:
        return
    if not mine:
        raise NotAllowed(action="delete", who=f"its author or an {Relation.ADMIN}")
    if answered_by_others:
        raise ThreadAnswered(who=f"an {Relation.ADMIN}")

"""The kinds of comments, and who may reword, resolve and delete one."""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from domain import access
from domain.access import Relation, Verb
from domain.errors import NotAllowed, ThreadAnswered
from domain.postmortems.lifecycle import Status


class CommentKind(StrEnum):
    """``CHANGE_REQUEST``: a reviewer or an administrator requested changes. It blocks publishing as any open thread."""

    COMMENT = "COMMENT"
    CHANGE_REQUEST = "CHANGE_REQUEST"


def relations_to(is_author: bool, relations: AbstractSet[Relation]) -> AbstractSet[Relation]:
    """A person's relations to a comment: those to its postmortem, and perhaps being the comment's author."""
    return {*relations, Relation.WRITER} if is_author else relations


def check_reword(status: Status, held: AbstractSet[Relation]) -> None:
    access.check(Verb.REWORD, status, held)


def check_resolve(status: Status, held: AbstractSet[Relation]) -> None:
    """The person who opened the thread, and those who write or review."""
    access.check(Verb.RESOLVE, status, held)


def check_remove(status: Status, held: AbstractSet[Relation], *, answered_by_others: bool) -> None:
    """Only the author, and only while nobody else has answered: a thread takes its answers along."""
    if not access.may(Verb.DELETE_COMMENT, status, held):
        raise NotAllowed(action="delete this comment", who=access.in_words({Relation.WRITER, Relation.ADMIN}))
    if answered_by_others and Relation.ADMIN not in held:
        raise ThreadAnswered(who=access.in_words({Relation.ADMIN}))

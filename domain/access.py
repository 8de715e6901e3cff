"""Who may see and do what: one table over role, relation and status.

The same visibility rule stands once more in SQL, in ``models.queries.visibility``; a test walks both.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import EditingClosed, NotAllowed
from domain.lifecycle import Move, Status


class Role(StrEnum):
    ADMIN = "ADMIN"
    RESPONDER = "RESPONDER"
    MEMBER = "MEMBER"


class Visibility(StrEnum):
    PRIVATE = "PRIVATE"
    TEAM = "TEAM"
    ORGANIZATION = "ORGANIZATION"


class Relation(StrEnum):
    """What somebody is to one postmortem; a person may be several of these."""

    ADMIN = "administrator"
    AUTHOR = "author"
    EDITOR = "editor"
    COMMENTER = "commenter"
    REVIEWER = "reviewer"
    PARTICIPANT = "participant"
    TEAM = "team member"
    SYSTEM = "the system"


class EditorLevel(StrEnum):
    EDIT = "EDIT"
    COMMENT = "COMMENT"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks. ``person_id`` is None for the system itself."""

    person_id: str
    role: Role
    team_ids: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset({"read", "write", "admin"})
    origin: str = "api"

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


INSIDERS = frozenset(
    {
        Relation.ADMIN,
        Relation.AUTHOR,
        Relation.EDITOR,
        Relation.COMMENTER,
        Relation.REVIEWER,
        Relation.PARTICIPANT,
    }
)

MOVES: dict[tuple[Move, Status], AbstractSet[Relation]] = {
    (Move.SUBMIT, Status.DRAFT): {Relation.AUTHOR, Relation.EDITOR, Relation.ADMIN},
    (Move.APPROVE, Status.IN_REVIEW): {Relation.REVIEWER},
    (Move.REQUEST_CHANGES, Status.IN_REVIEW): {Relation.REVIEWER},
    (Move.REQUEST_CHANGES, Status.PUBLISHED): {Relation.ADMIN},
    (Move.PUBLISH, Status.IN_REVIEW): {Relation.AUTHOR, Relation.ADMIN, Relation.SYSTEM},
    (Move.ARCHIVE, Status.PUBLISHED): {Relation.ADMIN},
}

EDITING: dict[Status, AbstractSet[Relation]] = {
    Status.DRAFT: {Relation.AUTHOR, Relation.EDITOR, Relation.ADMIN},
    Status.IN_REVIEW: {Relation.AUTHOR, Relation.EDITOR, Relation.REVIEWER, Relation.ADMIN},
    Status.PUBLISHED: {Relation.ADMIN},
    Status.ARCHIVED: {Relation.ADMIN},
}

MANAGING = frozenset({Relation.AUTHOR, Relation.EDITOR, Relation.ADMIN})
"""Who asks reviewers, names editors, chooses visibility, waives and extends targets, adds action items."""


def default_visibility(status: Status, *, has_team: bool) -> Visibility:
    """What holds until somebody chooses."""
    if status in {Status.PUBLISHED, Status.ARCHIVED}:
        return Visibility.ORGANIZATION
    return Visibility.TEAM if has_team else Visibility.PRIVATE


def may_see(visibility: Visibility, relations: AbstractSet[Relation]) -> bool:
    if relations & INSIDERS:
        return True
    return visibility is Visibility.ORGANIZATION or (visibility is Visibility.TEAM and Relation.TEAM in relations)


def sees_only_as_administrator(visibility: Visibility, relations: AbstractSet[Relation]) -> bool:
    """It is PRIVATE and none of theirs: such a read is audited."""
    return visibility is Visibility.PRIVATE and relations & INSIDERS == {Relation.ADMIN}


def check_move(move: Move, status: Status, relations: AbstractSet[Relation]) -> None:
    """Raises :class:`NotAllowed` where the move exists from this status but is somebody else's to make.

    From a status where nobody may make the move, only those who could make it elsewhere learn about the status
    (``IllegalTransition``, from the lifecycle); to all others it is simply not theirs.
    """
    allowed = MOVES.get((move, status))
    if allowed is None:
        allowed = {one for (other, _), group in MOVES.items() if other is move for one in group}
    if not relations & allowed:
        raise NotAllowed(action=move.value.lower().replace("_", " "), who=in_words(allowed))


def check_edit(status: Status, relations: AbstractSet[Relation]) -> None:
    """Raises :class:`EditingClosed` for those who may see but not edit the content in this status."""
    if not relations & EDITING[status]:
        raise EditingClosed(status=status, who=in_words(EDITING[status]))


def check_manage(action: str, relations: AbstractSet[Relation]) -> None:
    if not relations & MANAGING:
        raise NotAllowed(action=action, who=in_words(MANAGING))


def in_words(relations: AbstractSet[Relation]) -> str:
    names = [one.value for one in Relation if one in relations and one is not Relation.SYSTEM]
    return " or ".join(names)

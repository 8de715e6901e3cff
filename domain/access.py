"""Who may see and do what: one table over role, relation, status and verb.

``SEEING`` says who may know of a postmortem, ``TABLE`` who may do what with it and with what hangs on it, ``DEEDS``
who may do what beside postmortems. Every refusal asks them, ``docs/access.md`` is made of them
(``cli.access_matrix``), and ``tests/api/access/test_access_table.py`` tries every cell through HTTP. ``SEEING``
stands once more in SQL, in ``models.queries.access.visibility``; a test walks both.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import EditingClosed, NotAllowed
from domain.postmortems.lifecycle import Move, Status


class Role(StrEnum):
    ADMIN = "ADMIN"
    RESPONDER = "RESPONDER"
    MEMBER = "MEMBER"


class Visibility(StrEnum):
    PRIVATE = "PRIVATE"
    TEAM = "TEAM"
    ORGANIZATION = "ORGANIZATION"


class Relation(StrEnum):
    """What somebody is to one postmortem, or to a comment or action item of it; a person may be several of these."""

    WRITER = "its author"  # of a comment
    OWNER = "its owner"  # of an action item
    ADMIN = "administrator"
    AUTHOR = "author"
    EDITOR = "editor"
    COMMENTER = "commenter"
    REVIEWER = "reviewer"
    PARTICIPANT = "participant"
    TEAM = "team member"
    READER = "anyone who can see it"
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


class Verb(StrEnum):
    """What may be done with a postmortem, and with what hangs on it."""

    READ = "read all of it, including its audit log"
    COMMENT = "comment and reply"
    REWORD = "edit a comment, or move it to other text"
    RESOLVE = "resolve and reopen a thread"
    DELETE_COMMENT = "delete a comment"
    EDIT = "edit sections, fields, timeline, linked incidents; ignore suggestions"
    MANAGE = "set visibility, teams, author and editors"
    LEAVE = "stop being an editor"
    ASK_REVIEWERS = "add, replace and remove reviewers"
    CHANGE_TARGETS = "waive and extend timing targets"
    ADD_ITEM = "add an action item"
    CHANGE_ITEM = "change an action item, snooze it, link tickets"
    DELETE_ITEM = "delete an action item"
    SUBMIT = "submit it for review"
    APPROVE = "approve it"
    REQUEST_CHANGES = "request changes"
    PUBLISH = "publish it"
    ARCHIVE = "archive it"
    DELETE = "delete it"


class Deed(StrEnum):
    """What may be done beside postmortems."""

    OPEN = "start a postmortem for a resolved incident"
    REPORT = "report and correct incidents"
    WRITE_TEAM_TEMPLATE = "edit a team's templates"
    WRITE_TEMPLATE = "edit the organization's templates"
    ADMINISTER = "manage people, teams, services and connections; read the whole audit log"


class Standing(StrEnum):
    """What somebody is beside postmortems: by role, to an incident, to a team."""

    PARTICIPANT = "participant"
    TEAM = "team member"
    LEAD = "the team's lead"
    RESPONDER = "responder"
    ADMIN = "administrator"


_ADMIN = frozenset({Relation.ADMIN})
_READER = frozenset({Relation.READER})
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
MANAGING = frozenset({Relation.AUTHOR, Relation.EDITOR, Relation.ADMIN})
_WITH_REVIEWERS = MANAGING | {Relation.REVIEWER}
_WITH_PARTICIPANTS = _WITH_REVIEWERS | {Relation.PARTICIPANT}

SEEING: Mapping[Visibility, AbstractSet[Relation]] = {
    Visibility.PRIVATE: INSIDERS,
    Visibility.TEAM: INSIDERS | {Relation.TEAM},
    Visibility.ORGANIZATION: INSIDERS | {Relation.TEAM, Relation.READER},
}
"""READER is everybody in the organisation here. The owner of an action item sees that item, not the postmortem."""


def _always(relations: AbstractSet[Relation]) -> dict[Status, AbstractSet[Relation]]:
    return dict.fromkeys(Status, relations)


def _until_published(
    open_to: AbstractSet[Relation], in_review: AbstractSet[Relation] | None = None
) -> dict[Status, AbstractSet[Relation]]:
    """Then the administrators' alone."""
    review = open_to if in_review is None else in_review
    return {Status.DRAFT: open_to, Status.IN_REVIEW: review, Status.PUBLISHED: _ADMIN, Status.ARCHIVED: _ADMIN}


TABLE: Mapping[Verb, Mapping[Status, AbstractSet[Relation]]] = {
    Verb.READ: _always(_READER),
    Verb.COMMENT: _always(_READER),
    Verb.REWORD: _always({Relation.WRITER}),
    Verb.RESOLVE: _always(_WITH_REVIEWERS | {Relation.WRITER}),
    Verb.DELETE_COMMENT: _always(_ADMIN | {Relation.WRITER}),
    Verb.EDIT: _until_published(MANAGING, in_review=_WITH_REVIEWERS),
    Verb.MANAGE: _until_published(MANAGING),
    Verb.LEAVE: _always({Relation.EDITOR, Relation.COMMENTER}),
    Verb.ASK_REVIEWERS: {Status.DRAFT: MANAGING, Status.IN_REVIEW: MANAGING},
    Verb.CHANGE_TARGETS: _always(MANAGING),
    Verb.ADD_ITEM: _until_published(_WITH_PARTICIPANTS) | {Status.PUBLISHED: _ADMIN | {Relation.AUTHOR}},
    Verb.CHANGE_ITEM: _always(_WITH_PARTICIPANTS | {Relation.OWNER}),
    Verb.DELETE_ITEM: _always(MANAGING),
    Verb.SUBMIT: {Status.DRAFT: MANAGING},
    Verb.APPROVE: {Status.IN_REVIEW: {Relation.REVIEWER}},
    Verb.REQUEST_CHANGES: {Status.IN_REVIEW: {Relation.REVIEWER}, Status.PUBLISHED: _ADMIN},
    Verb.PUBLISH: {Status.IN_REVIEW: {Relation.AUTHOR, Relation.ADMIN, Relation.SYSTEM}},
    Verb.ARCHIVE: {Status.PUBLISHED: _ADMIN},
    Verb.DELETE: {Status.DRAFT: _ADMIN},
}
"""Who may, by status. A status that is not there: nobody may, and only those who may elsewhere are told why not."""

DEEDS: Mapping[Deed, AbstractSet[Standing]] = {
    Deed.OPEN: {Standing.PARTICIPANT, Standing.TEAM, Standing.RESPONDER, Standing.ADMIN},
    Deed.REPORT: {Standing.RESPONDER, Standing.ADMIN},
    Deed.WRITE_TEAM_TEMPLATE: {Standing.LEAD, Standing.ADMIN},
    Deed.WRITE_TEMPLATE: {Standing.ADMIN},
    Deed.ADMINISTER: {Standing.ADMIN},
}


def default_visibility(status: Status, *, has_team: bool) -> Visibility:
    """What holds until somebody chooses."""
    if status in {Status.PUBLISHED, Status.ARCHIVED}:
        return Visibility.ORGANIZATION
    return Visibility.TEAM if has_team else Visibility.PRIVATE


def may_see(visibility: Visibility, relations: AbstractSet[Relation]) -> bool:
    return bool(SEEING[visibility] & {*relations, Relation.READER})


def sees_only_as_administrator(visibility: Visibility, relations: AbstractSet[Relation]) -> bool:
    """It is PRIVATE and none of theirs: such a read is audited."""
    return visibility is Visibility.PRIVATE and relations & INSIDERS == {Relation.ADMIN}


def may(verb: Verb, status: Status, relations: AbstractSet[Relation]) -> bool:
    """Whether somebody who may see the postmortem may do that with it now."""
    return bool(TABLE[verb].get(status, frozenset()) & {*relations, Relation.READER})


def check(verb: Verb, status: Status, relations: AbstractSet[Relation], action: str | None = None) -> None:
    """Raises :class:`NotAllowed` where someone else may do this; ``action`` completes "You can't ...".

    In a status where nobody may, only those who could in another one learn about the status (from the lifecycle);
    to all others it is simply not theirs.
    """
    allowed = TABLE[verb].get(status) or frozenset().union(*TABLE[verb].values())
    if not allowed & {*relations, Relation.READER}:
        raise NotAllowed(action=action or _CANNOT[verb], who=in_words(allowed))


def check_move(move: Move, status: Status, relations: AbstractSet[Relation]) -> None:
    """As :func:`check`. A wrong status is told by the lifecycle, as ``IllegalTransition``."""
    check(Verb[move.value], status, relations)


def check_edit(status: Status, relations: AbstractSet[Relation]) -> None:
    """Raises :class:`EditingClosed` for those who may see but not edit the content in this status."""
    if not may(Verb.EDIT, status, relations):
        raise EditingClosed(status=status, who=in_words(TABLE[Verb.EDIT][status]))


def standings(
    viewer: Viewer, team_id: str | None = None, *, participates: bool = False, leads: bool = False
) -> frozenset[Standing]:
    """What somebody is to an incident or a team; ``team_id`` is the incident's."""
    held = {
        Standing.ADMIN: viewer.is_admin,
        Standing.RESPONDER: viewer.role is Role.RESPONDER,
        Standing.TEAM: team_id in viewer.team_ids,
        Standing.PARTICIPANT: participates,
        Standing.LEAD: leads,
    }
    return frozenset(standing for standing, holds in held.items() if holds)


def may_do(deed: Deed, held: AbstractSet[Standing]) -> bool:
    return bool(DEEDS[deed] & held)


def in_words(relations: AbstractSet[Relation]) -> str:
    """``the postmortem's author, an editor, or an administrator``: people to ask, the nearest first."""
    named = [words for relation, words in _PEOPLE.items() if relation in relations]
    return listed(named)


def listed(names: Sequence[str]) -> str:
    """``a or b``; ``a, b, or c``"""
    if len(names) < 3:
        return " or ".join(names)
    return f"{', '.join(names[:-1])}, or {names[-1]}"


_PEOPLE: Mapping[Relation, str] = {
    Relation.WRITER: "the comment's author",
    Relation.OWNER: "the action item's owner",
    Relation.AUTHOR: "the postmortem's author",
    Relation.EDITOR: "an editor",
    Relation.COMMENTER: "a commenter",
    Relation.REVIEWER: "a reviewer",
    Relation.PARTICIPANT: "a participant",
    Relation.TEAM: "a member of its team",
    Relation.ADMIN: "an administrator",
    Relation.READER: "anyone who can see it",
}

_CANNOT: Mapping[Verb, str] = {
    Verb.READ: "read this postmortem",
    Verb.COMMENT: "comment on this postmortem",
    Verb.REWORD: "edit this comment",
    Verb.RESOLVE: "resolve or reopen this thread",
    Verb.DELETE_COMMENT: "delete this comment",
    Verb.EDIT: "edit this postmortem",
    Verb.MANAGE: "manage this postmortem",
    Verb.LEAVE: "remove this editor",
    Verb.ASK_REVIEWERS: "change the reviewers of this postmortem",
    Verb.CHANGE_TARGETS: "change the targets of this postmortem",
    Verb.ADD_ITEM: "add an action item to this postmortem",
    Verb.CHANGE_ITEM: "change this action item",
    Verb.DELETE_ITEM: "delete this action item",
    Verb.SUBMIT: "submit this postmortem for review",
    Verb.APPROVE: "approve this postmortem",
    Verb.REQUEST_CHANGES: "request changes to this postmortem",
    Verb.PUBLISH: "publish this postmortem",
    Verb.ARCHIVE: "archive this postmortem",
    Verb.DELETE: "delete this postmortem",
}
"""What a refusal says after "You can't"."""

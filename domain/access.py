"""Who may see and do what, as one table over role, relation, status and verb.

``VISIBLE_TO`` says who may know that a postmortem exists, ``PERMISSIONS`` who may do what with it and with its comments
and action items, and ``ORGANIZATION_PERMISSIONS`` who may do everything else. Every check reads these tables.
``cli.access_matrix`` generates ``docs/access.md`` from them, and ``tests/api/access/test_access_table.py`` tries every
cell through HTTP. ``models.queries.access.visibility`` repeats ``VISIBLE_TO`` in SQL; a test compares the two.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import EditingClosed, NotAllowed, ScopeMissing
from domain.postmortems.lifecycle import Status, Transition


class Role(StrEnum):
    ADMIN = "ADMIN"
    RESPONDER = "RESPONDER"
    MEMBER = "MEMBER"


class Visibility(StrEnum):
    PRIVATE = "PRIVATE"
    TEAM = "TEAM"
    ORGANIZATION = "ORGANIZATION"


class Relation(StrEnum):
    """How a person relates to a postmortem, or to one of its comments or action items. Several may apply."""

    WRITER = "its author"  # of a comment
    OWNER = "its owner"  # of an action item
    ORGANIZER = "its organizer"  # of a review meeting
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
    """The person on whose behalf something is read or changed, with the rights that they have now.

    ``notes_reads`` false: one entry of the audit log says of everything that an administrator reads, not one of each.
    """

    person_id: str
    role: Role
    team_ids: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset({"read", "write", "admin"})
    origin: str = "api"
    notes_reads: bool = True

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


class Verb(StrEnum):
    """What may be done with a postmortem, its comments and its action items."""

    READ = "read all of it, including its audit log"
    EXPORT_COMMENTS = "export it with its comments"
    COMMENT = "comment and reply"
    REWORD = "edit a comment, or move it to other text"
    RESOLVE = "resolve and reopen a thread"
    DELETE_COMMENT = "delete a comment"
    EDIT = "edit sections, fields, timeline, linked incidents; ignore suggestions"
    TAKE_INCIDENT_TIMES = "take the duration that its incidents report"
    MANAGE = "set visibility, teams, author, editors and participants"
    LEAVE = "stop being an editor"
    STEP_BACK = "stop being a participant"
    ASK_REVIEWERS = "add, remind, replace and remove reviewers"
    WAIVE_REVIEW = "waive a review"
    CHANGE_TARGETS = "waive and extend timing targets"
    ADD_ITEM = "add an action item"
    CHANGE_ITEM = "change an action item, snooze it, link tickets"
    DELETE_ITEM = "delete an action item"
    SUBMIT = "submit it for review"
    APPROVE = "approve it"
    REQUEST_CHANGES = "request changes"
    WITHDRAW = "withdraw it from review"
    PUBLISH = "publish it"
    ARCHIVE = "archive it"
    DELETE = "delete it"
    READ_SUMMARY = "read and check its public summary; list its links"
    WRITE_SUMMARY = "edit its public summary"
    APPROVE_SUMMARY = "approve its public summary, take the approval back, list it in the feed, delete it"
    SHARE_SUMMARY = "create links to its public summary; revoke any link"
    SHARE_POSTMORTEM = "create links to the postmortem itself"
    PUBLISH_COPY = "publish it in another system, take the copy back"
    MAIL_CUSTOMERS = "e-mail its public summary to customers"
    PLAN_MEETING = "plan a review meeting"
    CHANGE_MEETING = "change or cancel a review meeting, say whether it was held"


class OrganizationVerb(StrEnum):
    """What may be done apart from postmortems."""

    OPEN = "start a postmortem for a resolved incident"
    REPORT = "report and correct incidents"
    WRITE_TEAM_TEMPLATE = "edit a team's templates"
    WRITE_TEMPLATE = "edit the organization's templates"
    ADMINISTER = (
        "manage people, teams, services, root-cause categories, policies, connections and sharing settings; read the"
        " whole audit log"
    )


class OrganizationRelation(StrEnum):
    """How a person relates to the organization, to an incident or to a team."""

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
_SHARING = frozenset({Relation.AUTHOR, Relation.ADMIN})
_WITH_PARTICIPANTS = _WITH_REVIEWERS | {Relation.PARTICIPANT}

VISIBLE_TO: Mapping[Visibility, AbstractSet[Relation]] = {
    Visibility.PRIVATE: INSIDERS,
    Visibility.TEAM: INSIDERS | {Relation.TEAM},
    Visibility.ORGANIZATION: INSIDERS | {Relation.TEAM, Relation.READER},
}
"""READER stands for everyone in the organization. The owner of an action item sees the item, not its postmortem."""


def _always(relations: AbstractSet[Relation]) -> dict[Status, AbstractSet[Relation]]:
    return dict.fromkeys(Status, relations)


def _until_published(
    open_to: AbstractSet[Relation], in_review: AbstractSet[Relation] | None = None
) -> dict[Status, AbstractSet[Relation]]:
    """After that, only administrators may."""
    review = open_to if in_review is None else in_review
    return {Status.DRAFT: open_to, Status.IN_REVIEW: review, Status.PUBLISHED: _ADMIN, Status.ARCHIVED: _ADMIN}


PERMISSIONS: Mapping[Verb, Mapping[Status, AbstractSet[Relation]]] = {
    Verb.READ: _always(_READER),
    Verb.EXPORT_COMMENTS: _always(INSIDERS | {Relation.TEAM}),
    Verb.COMMENT: _always(_READER),
    Verb.REWORD: _always({Relation.WRITER}),
    Verb.RESOLVE: _always(_WITH_REVIEWERS | {Relation.WRITER}),
    Verb.DELETE_COMMENT: _always(_ADMIN | {Relation.WRITER}),
    Verb.EDIT: _until_published(MANAGING, in_review=_WITH_REVIEWERS),
    Verb.TAKE_INCIDENT_TIMES: _until_published(MANAGING, in_review=_WITH_REVIEWERS)
    | {Status.PUBLISHED: _ADMIN | {Relation.AUTHOR}},
    Verb.MANAGE: _until_published(MANAGING),
    Verb.LEAVE: _always({Relation.EDITOR, Relation.COMMENTER}),
    Verb.STEP_BACK: _always({Relation.PARTICIPANT}),
    Verb.ASK_REVIEWERS: {Status.DRAFT: MANAGING, Status.IN_REVIEW: MANAGING},
    Verb.WAIVE_REVIEW: {Status.IN_REVIEW: _SHARING},
    Verb.CHANGE_TARGETS: _always(MANAGING),
    Verb.ADD_ITEM: _until_published(_WITH_PARTICIPANTS) | {Status.PUBLISHED: _ADMIN | {Relation.AUTHOR}},
    Verb.CHANGE_ITEM: _always(_WITH_PARTICIPANTS | {Relation.OWNER}),
    Verb.DELETE_ITEM: _always(MANAGING),
    Verb.SUBMIT: {Status.DRAFT: MANAGING},
    Verb.APPROVE: {Status.IN_REVIEW: {Relation.REVIEWER}},
    Verb.REQUEST_CHANGES: {Status.IN_REVIEW: {Relation.REVIEWER}, Status.PUBLISHED: _ADMIN},
    Verb.WITHDRAW: {Status.IN_REVIEW: _SHARING},
    Verb.PUBLISH: {Status.IN_REVIEW: {Relation.AUTHOR, Relation.ADMIN, Relation.SYSTEM}},
    Verb.ARCHIVE: {Status.PUBLISHED: _ADMIN},
    Verb.DELETE: {Status.DRAFT: _ADMIN},
    Verb.READ_SUMMARY: _always(_WITH_REVIEWERS),
    Verb.WRITE_SUMMARY: _always(MANAGING) | {Status.IN_REVIEW: _WITH_REVIEWERS},
    Verb.APPROVE_SUMMARY: _always(_SHARING),
    Verb.SHARE_SUMMARY: _always(_SHARING),
    Verb.SHARE_POSTMORTEM: {Status.PUBLISHED: _SHARING, Status.ARCHIVED: _SHARING},
    Verb.PUBLISH_COPY: {Status.PUBLISHED: _SHARING, Status.ARCHIVED: _ADMIN},
    Verb.MAIL_CUSTOMERS: {Status.PUBLISHED: _SHARING, Status.ARCHIVED: _SHARING},
    Verb.PLAN_MEETING: _always(MANAGING) | {Status.IN_REVIEW: _WITH_REVIEWERS, Status.ARCHIVED: _ADMIN},
    Verb.CHANGE_MEETING: _always(MANAGING | {Relation.ORGANIZER}) | {Status.ARCHIVED: _ADMIN | {Relation.ORGANIZER}},
}
"""Who may, by status. In a status that is missing nobody may; only those who may in another one learn the reason."""

ORGANIZATION_PERMISSIONS: Mapping[OrganizationVerb, AbstractSet[OrganizationRelation]] = {
    OrganizationVerb.OPEN: {
        OrganizationRelation.PARTICIPANT,
        OrganizationRelation.TEAM,
        OrganizationRelation.RESPONDER,
        OrganizationRelation.ADMIN,
    },
    OrganizationVerb.REPORT: {OrganizationRelation.RESPONDER, OrganizationRelation.ADMIN},
    OrganizationVerb.WRITE_TEAM_TEMPLATE: {OrganizationRelation.LEAD, OrganizationRelation.ADMIN},
    OrganizationVerb.WRITE_TEMPLATE: {OrganizationRelation.ADMIN},
    OrganizationVerb.ADMINISTER: {OrganizationRelation.ADMIN},
}


def default_visibility(status: Status, *, has_team: bool) -> Visibility:
    """The visibility of a postmortem for which none was chosen."""
    if status in {Status.PUBLISHED, Status.ARCHIVED}:
        return Visibility.ORGANIZATION
    return Visibility.TEAM if has_team else Visibility.PRIVATE


_AUDIENCE = {
    Visibility.ORGANIZATION: "Everyone in your organization will be able to see it.",
    Visibility.TEAM: "The members of its teams, and the people who work on it, will be able to see it.",
    Visibility.PRIVATE: "Only its author, editors, reviewers, and participants, and administrators will be able to see"
    " it.",
}


def audience_once_published(chosen: str | None) -> str:
    """Who will see it, as a sentence. What somebody chose stays; otherwise publishing opens it to everyone."""
    return _AUDIENCE[Visibility(chosen) if chosen else default_visibility(Status.PUBLISHED, has_team=False)]


def may_see(visibility: Visibility, relations: AbstractSet[Relation]) -> bool:
    return bool(VISIBLE_TO[visibility] & {*relations, Relation.READER})


def sees_only_as_administrator(visibility: Visibility, relations: AbstractSet[Relation]) -> bool:
    """It is PRIVATE, and only the administrator role gives access: such a read is audited."""
    return visibility is Visibility.PRIVATE and relations & INSIDERS == {Relation.ADMIN}


def may(verb: Verb, status: Status, relations: AbstractSet[Relation]) -> bool:
    """Whether a person who may see the postmortem may do this with it in this status."""
    return bool(PERMISSIONS[verb].get(status, frozenset()) & {*relations, Relation.READER})


def check(verb: Verb, status: Status, relations: AbstractSet[Relation], action: str | None = None) -> None:
    """Raises :class:`NotAllowed` if the person may not; ``action`` is what they wanted to do, in words.

    In a status in which nobody may, those who may in another status pass this check and are refused by the lifecycle,
    which names the status. All others are not allowed at all.
    """
    allowed = PERMISSIONS[verb].get(status) or frozenset().union(*PERMISSIONS[verb].values())
    if not allowed & {*relations, Relation.READER}:
        raise NotAllowed(action=action or _CANNOT[verb], who=in_words(allowed))


def check_ever(verb: Verb, relations: AbstractSet[Relation]) -> None:
    """Raises :class:`NotAllowed` if the person may do this in no status at all."""
    allowed = frozenset[Relation]().union(*PERMISSIONS[verb].values())
    if not allowed & {*relations, Relation.READER}:
        raise NotAllowed(action=_CANNOT[verb], who=in_words(allowed))


def check_transition(transition: Transition, status: Status, relations: AbstractSet[Relation]) -> None:
    """As :func:`check`. The lifecycle refuses a wrong status, with ``IllegalTransition``."""
    check(Verb[transition.value], status, relations)


def check_edit(status: Status, relations: AbstractSet[Relation]) -> None:
    """Raises :class:`EditingClosed` if the person may see the content but not edit it in this status."""
    if not may(Verb.EDIT, status, relations):
        raise EditingClosed(status=status, who=in_words(PERMISSIONS[Verb.EDIT][status]))


def organization_relations(
    viewer: Viewer, team_id: str | None = None, *, participates: bool = False, leads: bool = False
) -> frozenset[OrganizationRelation]:
    """The viewer's relations to the organization, and to an incident whose team is ``team_id``."""
    held = {
        OrganizationRelation.ADMIN: viewer.is_admin,
        OrganizationRelation.RESPONDER: viewer.role is Role.RESPONDER,
        OrganizationRelation.TEAM: team_id in viewer.team_ids,
        OrganizationRelation.PARTICIPANT: participates,
        OrganizationRelation.LEAD: leads,
    }
    return frozenset(relation for relation, holds in held.items() if holds)


def may_in_organization(verb: OrganizationVerb, held: AbstractSet[OrganizationRelation]) -> bool:
    return bool(ORGANIZATION_PERMISSIONS[verb] & held)


def check_administers(viewer: Viewer, action: str) -> None:
    """Raises :class:`NotAllowed`, or :class:`ScopeMissing` if only the token is too weak; ``action`` as in check."""
    if not may_in_organization(OrganizationVerb.ADMINISTER, organization_relations(viewer)):
        raise NotAllowed(action=action, who="an administrator")
    if "admin" not in viewer.scopes:
        raise ScopeMissing(scope="admin")


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
    Relation.ORGANIZER: "the meeting's organizer",
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
    Verb.EXPORT_COMMENTS: "export the comments on this postmortem",
    Verb.COMMENT: "comment on this postmortem",
    Verb.REWORD: "edit this comment",
    Verb.RESOLVE: "resolve or reopen this thread",
    Verb.DELETE_COMMENT: "delete this comment",
    Verb.EDIT: "edit this postmortem",
    Verb.TAKE_INCIDENT_TIMES: "take the incident's duration over into this postmortem",
    Verb.MANAGE: "manage this postmortem",
    Verb.LEAVE: "remove this editor",
    Verb.STEP_BACK: "remove this participant",
    Verb.ASK_REVIEWERS: "change the reviewers of this postmortem",
    Verb.WAIVE_REVIEW: "waive a review of this postmortem",
    Verb.CHANGE_TARGETS: "change the targets of this postmortem",
    Verb.ADD_ITEM: "add an action item to this postmortem",
    Verb.CHANGE_ITEM: "change this action item",
    Verb.DELETE_ITEM: "delete this action item",
    Verb.SUBMIT: "submit this postmortem for review",
    Verb.APPROVE: "approve this postmortem",
    Verb.REQUEST_CHANGES: "request changes to this postmortem",
    Verb.WITHDRAW: "withdraw this postmortem from review",
    Verb.PUBLISH: "publish this postmortem",
    Verb.ARCHIVE: "archive this postmortem",
    Verb.DELETE: "delete this postmortem",
    Verb.READ_SUMMARY: "see the public summary of this postmortem",
    Verb.WRITE_SUMMARY: "edit the public summary of this postmortem",
    Verb.APPROVE_SUMMARY: "approve, list, or delete the public summary of this postmortem",
    Verb.SHARE_SUMMARY: "create or revoke links to this postmortem's public summary",
    Verb.SHARE_POSTMORTEM: "create links to this postmortem",
    Verb.MAIL_CUSTOMERS: "e-mail customers about this postmortem",
    Verb.PUBLISH_COPY: "publish this postmortem in another system or take it back",
    Verb.PLAN_MEETING: "plan a meeting about this postmortem",
    Verb.CHANGE_MEETING: "change this meeting",
}
"""What a refusal says after "You can't"."""

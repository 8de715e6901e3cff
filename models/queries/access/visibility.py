"""The rules of ``domain.access`` as SQL conditions, for every statement that people can reach."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    and_,
    any_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)

from domain.access import EditorLevel, Relation, Role, Viewer, Visibility
from domain.postmortems.lifecycle import Status
from models.person import Person
from models.postmortem import (
    Postmortem,
    PostmortemEditor,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemTeam,
)
from models.queries.prebuilt import text_of, texts_of
from models.team import TeamMember


@dataclass(frozen=True, slots=True)
class BoundViewer:
    """A viewer in a prebuilt statement: who it is comes as parameters, see :func:`viewer_values`."""

    is_admin: bool
    person_id: BindParameter[str] = field(default_factory=lambda: text_of("viewer_id"))
    team_ids: BindParameter[list[str]] = field(default_factory=lambda: texts_of("viewer_team_ids"))


AnyViewer = Viewer | BoundViewer


def viewer_values(viewer: Viewer) -> dict[str, Any]:
    """The parameters of a statement that was built for a :class:`BoundViewer`."""
    return {"viewer_id": viewer.person_id, "viewer_team_ids": sorted(viewer.team_ids), "viewer_origin": viewer.origin}


def viewer_parameters(viewer: Viewer) -> dict[str, Any]:
    """Those of :func:`viewer_values` that the rules of this module use."""
    return {"viewer_id": viewer.person_id, "viewer_team_ids": sorted(viewer.team_ids)}


FINAL = (Status.PUBLISHED.value, Status.ARCHIVED.value)


def effective_visibility() -> ColumnElement[str]:
    """The visibility that was chosen, or else the default for the status and teams."""
    has_team = select(true()).where(PostmortemTeam.postmortem_id == Postmortem.id).limit(1).scalar_subquery()
    default = case(
        (Postmortem.status.in_(FINAL), Visibility.ORGANIZATION.value),
        (has_team.is_(True), Visibility.TEAM.value),
        else_=Visibility.PRIVATE.value,
    )
    return func.coalesce(Postmortem.visibility, default)


def _linked(table: type[Any], viewer: AnyViewer) -> ColumnElement[bool]:
    return exists().where(table.postmortem_id == Postmortem.id, table.person_id == viewer.person_id)


def _is_theirs(viewer: AnyViewer) -> ColumnElement[bool]:
    if isinstance(viewer, BoundViewer):
        return PostmortemTeam.team_id == any_(viewer.team_ids)
    return PostmortemTeam.team_id.in_(sorted(viewer.team_ids)) if viewer.team_ids else false()


def _of_teams(viewer: AnyViewer) -> ColumnElement[bool]:
    return Postmortem.id.in_(select(PostmortemTeam.postmortem_id).where(_is_theirs(viewer)))


def _in_team(viewer: AnyViewer) -> ColumnElement[bool]:
    """A scalar subquery, since PostgreSQL would else hash all rows of the viewer's teams before the first answer."""
    theirs = _is_theirs(viewer)
    link = select(true()).where(PostmortemTeam.postmortem_id == Postmortem.id, theirs)
    return link.limit(1).scalar_subquery().is_(True)


def is_insider(viewer: AnyViewer) -> ColumnElement[bool]:
    """The viewer is author, editor, reviewer or participant. Never null, even if there is no author.

    Not correlated: the few rows of one person are read once for each statement and hashed.
    """
    links = union_all(
        *(
            select(table.postmortem_id).where(table.person_id == viewer.person_id)
            for table in (PostmortemEditor, PostmortemReviewer, PostmortemParticipant)
        )
    )
    return or_(Postmortem.author_id.is_not_distinct_from(viewer.person_id), Postmortem.id.in_(links))


def visible_to(viewer: AnyViewer, *, of_many: bool = False) -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`: the viewer may know of it. ``of_many``: for statements that read very many,
    where all rows of the viewer's teams are worth hashing.

    It need not check whether a postmortem has teams: if no visibility was chosen and a team of the viewer is linked,
    it has one. So a page of the newest costs no more over 100,000 than over 100 (``docs/figures.md``).
    """
    if viewer.is_admin:
        return true()
    undecided = Postmortem.visibility.is_(None)
    return or_(
        Postmortem.visibility == Visibility.ORGANIZATION.value,
        and_(undecided, Postmortem.status.in_(FINAL)),
        and_(
            or_(Postmortem.visibility == Visibility.TEAM.value, undecided), (_of_teams if of_many else _in_team)(viewer)
        ),
        is_insider(viewer),
    )


def visible_to_team(team_id: str) -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`: every member of the team may see it, whoever they are."""
    theirs = exists().where(PostmortemTeam.postmortem_id == Postmortem.id, PostmortemTeam.team_id == team_id)
    visibility = effective_visibility()
    return or_(
        visibility == Visibility.ORGANIZATION.value,
        and_(visibility == Visibility.TEAM.value, theirs.correlate(Postmortem)),
    )


def visible_to_person(postmortem_id: str | ColumnElement[str]) -> ColumnElement[bool]:
    """A condition on :class:`Person`: they may know of that postmortem. The rule of :func:`visible_to`."""
    visibility = effective_visibility()
    in_team = exists().where(
        PostmortemTeam.postmortem_id == Postmortem.id,
        PostmortemTeam.team_id == TeamMember.team_id,
        TeamMember.person_id == Person.id,
    )
    named = [
        exists().where(table.postmortem_id == Postmortem.id, table.person_id == Person.id)
        for table in (PostmortemEditor, PostmortemReviewer, PostmortemParticipant)
    ]
    theirs = or_(
        Postmortem.author_id == Person.id,
        visibility == Visibility.ORGANIZATION.value,
        and_(visibility == Visibility.TEAM.value, in_team.correlate(Postmortem, Person)),
        *(one.correlate(Postmortem, Person) for one in named),  # two levels up, which is not guessed
    )
    return or_(Person.role == Role.ADMIN.value, exists().where(Postmortem.id == postmortem_id, theirs))


@dataclass(frozen=True, slots=True)
class RelationColumns:
    """The columns from which :func:`relations` reads what the viewer is to a postmortem, in the same statement."""

    editor_level: ScalarSelect[str]
    reviewer: ColumnElement[bool]
    participant: ColumnElement[bool]
    team: ColumnElement[bool]

    def columns(self) -> tuple[Any, ...]:
        return (self.editor_level, self.reviewer, self.participant, self.team)


def relation_columns(viewer: AnyViewer) -> RelationColumns:
    level = (
        select(PostmortemEditor.level)
        .where(PostmortemEditor.postmortem_id == Postmortem.id, PostmortemEditor.person_id == viewer.person_id)
        .scalar_subquery()
    )
    return RelationColumns(
        level, _linked(PostmortemReviewer, viewer), _linked(PostmortemParticipant, viewer), _in_team(viewer)
    )


def relations(
    viewer: Viewer, postmortem: Postmortem, level: str | None, reviewer: bool, participant: bool, team: bool
) -> frozenset[Relation]:
    return relations_to(viewer, postmortem.author_id, level, reviewer, participant, team)


def relations_to(
    viewer: Viewer, author_id: str | None, level: str | None, reviewer: bool, participant: bool, team: bool
) -> frozenset[Relation]:
    """As :func:`relations`, to a postmortem of this author."""
    held = {
        Relation.ADMIN: viewer.is_admin,
        Relation.AUTHOR: author_id == viewer.person_id,
        Relation.EDITOR: level == EditorLevel.EDIT,
        Relation.COMMENTER: level == EditorLevel.COMMENT,
        Relation.REVIEWER: reviewer,
        Relation.PARTICIPANT: participant,
        Relation.TEAM: team,
    }
    return frozenset(relation for relation, holds in held.items() if holds)

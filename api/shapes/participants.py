"""Who takes part in a postmortem, who is proposed to, and who edits it."""

from typing import Literal, Self

from pydantic import model_validator

from api.shapes.base import Given, Patch, Ref, Shape
from api.shapes.postmortems import EditorOut
from application.postmortems.participants import Attendance
from domain.access import EditorLevel
from models.postmortem import PostmortemEditor

State = Literal["CONFIRMED", "PROPOSED"]
Source = Literal["incident", "person"]


class ParticipantIn(Given):
    user_id: Ref


class ParticipantOut(Shape):
    """``PROPOSED`` gives no access. ``addedBy`` is null if a webhook or a draft that opened by itself brought them."""

    user_id: str
    source: Source
    state: State
    added_by: str | None


class PostmortemTeamOut(Shape):
    """As a participant: the members of a ``PROPOSED`` team get no access by it."""

    team_id: str
    source: Source
    state: State
    added_by: str | None


def participant_out(one: Attendance) -> ParticipantOut:
    return ParticipantOut(user_id=one.id, source=_source(one), state=_state(one), added_by=one.added_by_id)


def team_out(one: Attendance) -> PostmortemTeamOut:
    return PostmortemTeamOut(team_id=one.id, source=_source(one), state=_state(one), added_by=one.added_by_id)


def _source(one: Attendance) -> Source:
    return "incident" if one.from_incident else "person"


def _state(one: Attendance) -> State:
    return "CONFIRMED" if one.is_confirmed else "PROPOSED"


# Editors


class EditorIn(Given):
    """One person, or a team's active members other than the author and current editors."""

    user_id: Ref | None = None
    team_id: Ref | None = None
    level: EditorLevel = EditorLevel.EDIT

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.user_id is None) == (self.team_id is None):
            raise ValueError("send a userId or a teamId")
        return self


class EditorPatch(Patch):
    answer = EditorOut

    level: EditorLevel


def editor_out(editor: PostmortemEditor) -> EditorOut:
    return EditorOut(user_id=editor.person_id, level=EditorLevel(editor.level))

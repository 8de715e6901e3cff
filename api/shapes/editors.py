"""Requests and answers about the editors of a postmortem."""

from typing import Self

from pydantic import model_validator

from api.shapes.base import Given, Patch, Ref
from api.shapes.postmortems import EditorOut
from domain.access import EditorLevel
from models.postmortem import PostmortemEditor


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

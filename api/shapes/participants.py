"""Who takes part in a postmortem, and who is proposed to."""

from typing import Literal

from api.shapes.base import Given, Ref, Shape
from application.postmortems.participants import Attendance

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

"""Answers about review meetings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.shapes.base import Shape
from application.meetings.suggestions import Suggestion
from domain.meetings.attendees import Why
from domain.people.calendar import Window

Minutes = Annotated[int, Field(ge=15, le=240, multiple_of=5)]


class SuggestedAttendeeOut(Shape):
    user_id: str
    why: list[Why]
    required: bool


class SlotOut(Shape):
    """``available``: how many work then and are known to be free. ``unknown``: who work then, without a calendar."""

    starts_at: datetime
    ends_at: datetime
    available: int
    unknown: int
    of: int
    notes: list[str]


class SpanOut(Shape):
    from_: datetime = Field(alias="from")
    to: datetime


class PersonHoursOut(Shape):
    """``busy`` is null where no calendar is connected."""

    user_id: str
    time_zone: str
    hours: list[SpanOut]
    busy: list[SpanOut] | None


class SuggestionOut(Shape):
    """Best slots first."""

    attendees: list[SuggestedAttendeeOut]
    slots: list[SlotOut]
    agenda: str
    people: list[PersonHoursOut]


def suggestion_out(found: Suggestion) -> SuggestionOut:
    return SuggestionOut(
        attendees=[
            SuggestedAttendeeOut(user_id=one.person_id, why=list(one.why), required=one.is_required)
            for one in found.attendees
        ],
        slots=[
            SlotOut(
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                available=one.available,
                unknown=one.unknown,
                of=one.of,
                notes=list(one.notes),
            )
            for one in found.slots
        ],
        agenda=found.agenda,
        people=[
            PersonHoursOut(user_id=one.person_id, time_zone=one.time_zone, hours=_spans(one.windows), busy=None)
            for one in found.people
        ],
    )


def _spans(windows: Sequence[Window]) -> list[SpanOut]:
    return [SpanOut(from_=start, to=end) for start, end in windows]

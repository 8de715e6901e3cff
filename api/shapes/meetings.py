"""Requests and answers about review meetings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from api.shapes.base import Given, Patch, Ref, Remark, Shape, StrictlyGiven, Zone
from application.meetings.events import times_of, uid_of
from application.meetings.inviting import Wanted
from application.meetings.planning import MeetingPlan
from application.meetings.shown import ShownMeeting
from application.meetings.suggestions import Suggestion
from domain.meetings.attendees import Why
from domain.meetings.meeting import CalendarState, ConferenceKind, MeetingStatus, Response
from domain.meetings.suggestion import Span
from domain.people.calendar import Window
from integrations.fields import Email, Instant, Words
from models.meeting import OwnCalendar

Minutes = Annotated[int, Field(ge=15, le=240, multiple_of=5)]
Length = Annotated[int, Field(ge=5, le=480)]
Location = Annotated[str | None, Words(500, one_line=True, blank=True)]


class AttendeeIn(Given):
    """A person or an address. With both, as they are sent back, the person counts."""

    user_id: Ref | None = None
    email: Email | None = None
    required: bool = True

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.user_id is None and self.email is None:
            raise ValueError("send a userId or an email")
        return self

    def wanted(self) -> Wanted:
        return Wanted(self.user_id, None if self.user_id else self.email, self.required)


AttendeeIds = Annotated[list[Ref], Field(max_length=100)]
Attendees = Annotated[list[AttendeeIn], Field(max_length=100)]


def _wanted(ids: list[str] | None, attendees: list[AttendeeIn] | None) -> list[Wanted] | None:
    if attendees is not None:
        return [one.wanted() for one in attendees]
    return None if ids is None else [Wanted(one, None) for one in ids]


class MeetingNew(StrictlyGiven):
    """Without attendees, the suggested people are invited. Send ``attendeeIds`` or ``attendees``, not both.

    ``followTarget``: the meeting moves when the target of the review does. ``additional``: although one is scheduled
    already. ``addAsCommenter``: people who can't see the postmortem become commenters. ``shareOutside``: addresses
    outside of the organization get the agenda and the link, if everyone here may see the postmortem.
    """

    starts_at: Instant
    duration_minutes: Length = 45
    time_zone: Zone = "UTC"
    attendee_ids: AttendeeIds | None = None
    attendees: Attendees | None = None
    conference: ConferenceKind = ConferenceKind.NONE
    integration_id: Ref | None = None
    location: Location = None
    notes: Remark = None
    follow_target: bool = False
    additional: bool = False
    add_as_commenter: bool = False
    share_outside: bool = False

    @model_validator(mode="after")
    def _names_people_once(self) -> Self:
        if self.attendee_ids is not None and self.attendees is not None:
            raise ValueError("send attendeeIds or attendees, not both")
        return self

    def plan(self) -> MeetingPlan:
        return MeetingPlan(
            starts_at=self.starts_at,
            minutes=self.duration_minutes,
            time_zone=self.time_zone,
            attendees=_wanted(self.attendee_ids, self.attendees),
            conference=self.conference,
            integration_id=self.integration_id,
            location=self.location or None,
            notes=self.notes,
            follows_target=self.follow_target,
            is_additional=self.additional,
            adds_commenters=self.add_as_commenter,
            tells_outsiders=self.share_outside,
        )


class AttendeeOut(Shape):
    """``userId`` is null for an address outside. ``problem`` says why no invitation reached them."""

    user_id: str | None
    email: str
    name: str
    required: bool
    response: Response
    problem: str | None


class ConferenceOut(Shape):
    kind: ConferenceKind
    url: str | None


class MeetingCalendarOut(Shape):
    """The event in the organizer's calendar. ``problem`` is a sentence for people."""

    integration_id: str | None
    state: CalendarState
    url: str | None
    problem: str | None


class MeetingOut(Shape):
    id: str
    postmortem_id: str
    version: int
    status: MeetingStatus
    title: str
    starts_at: datetime
    ends_at: datetime
    duration_minutes: int
    time_zone: str
    location: str | None
    notes: str | None
    organizer_id: str
    attendees: list[AttendeeOut]
    conference: ConferenceOut
    calendar: MeetingCalendarOut | None
    follow_target: bool
    additional: bool
    share_outside: bool
    sequence: int
    uid: str
    ics_url: str
    held_at: datetime | None
    cancelled_reason: str | None
    created_at: datetime


def _kind_of(value: Any) -> Any:
    """A kind, or the conference as it is shown."""
    return value.get("kind") if isinstance(value, dict) else value


_INSIDE = {
    "starts_at": "starts_at",
    "duration_minutes": "minutes",
    "time_zone": "time_zone",
    "conference": "conference",
    "follow_target": "follows_target",
    "share_outside": "tells_outsiders",
    "add_as_commenter": "adds_commenters",
}


class MeetingPatch(Patch):
    """Leave out what stays as it is. A meeting whose event was deleted in the calendar gets a new one."""

    answer = MeetingOut

    starts_at: Instant | None = None
    duration_minutes: Length | None = None
    time_zone: Zone | None = None
    attendee_ids: AttendeeIds | None = None
    attendees: Attendees | None = None
    conference: Annotated[ConferenceKind, BeforeValidator(_kind_of)] = ConferenceKind.NONE
    location: Location = None
    notes: Remark = None
    follow_target: bool = False
    share_outside: bool = False
    add_as_commenter: bool = False

    def changes(self) -> dict[str, Any]:
        """As :class:`MeetingPlan` names them. Attendees that were sent count before their ids."""
        sent = self.given()
        found = {inside: sent[name] for name, inside in _INSIDE.items() if sent.get(name) is not None}
        found |= {name: sent[name] or None for name in ("location", "notes") if name in sent}
        wanted = _wanted(self.attendee_ids, self.attendees)
        return found | ({} if wanted is None else {"attendees": wanted})


class MeetingHeld(StrictlyGiven):
    """``notes`` are added to the postmortem as a comment. ``held`` false cancels the meeting."""

    held: bool
    notes: Remark = None


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


class MeetingSuggestionOut(Shape):
    """Best slots first."""

    attendees: list[SuggestedAttendeeOut]
    slots: list[SlotOut]
    agenda: str
    people: list[PersonHoursOut]


class OwnCalendarNew(StrictlyGiven):
    """``address`` is your e-mail address there, or the URL of a CalDAV calendar with a user name and a password."""

    kind: Annotated[str, Words(40, one_line=True)]
    address: Annotated[str, Words(500, one_line=True)]
    username: Annotated[str | None, Words(200, one_line=True)] = None
    password: SecretStr | None = None

    def secrets(self) -> dict[str, str]:
        given = {"username": self.username, "password": self.password and self.password.get_secret_value()}
        return {name: value for name, value in given.items() if value}


class OwnCalendarOut(Shape):
    """``state`` OK: it could be read. ``problem`` is a sentence for people."""

    id: str
    kind: str
    address: str
    state: CalendarState
    problem: str | None
    created_at: datetime


def own_calendar_out(row: OwnCalendar) -> OwnCalendarOut:
    state = CalendarState.REFUSED if row.problem else CalendarState.PENDING if row.busy is None else CalendarState.OK
    return OwnCalendarOut(
        id=row.id,
        kind=row.kind,
        address=row.address,
        state=state,
        problem=row.problem,
        created_at=row.created_at,
    )


def suggestion_out(found: Suggestion) -> MeetingSuggestionOut:
    return MeetingSuggestionOut(
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
            PersonHoursOut(
                user_id=one.person_id,
                time_zone=one.time_zone,
                hours=_spans(one.windows),
                busy=None if one.busy is None else _spans(one.busy),
            )
            for one in found.people
        ],
    )


def _spans(windows: Sequence[Window | Span]) -> list[SpanOut]:
    return [SpanOut(from_=start, to=end) for start, end in windows]


def meeting_out(shown: ShownMeeting, base_url: str) -> MeetingOut:
    row = shown.row
    key = row.postmortem_id or ""
    state = row.calendar_state
    return MeetingOut(
        id=row.id,
        postmortem_id=key,
        version=row.version,
        status=MeetingStatus(row.status),
        title=shown.title,
        starts_at=row.starts_at,
        ends_at=times_of(row).ends_at,
        duration_minutes=row.minutes,
        time_zone=row.time_zone,
        location=row.location,
        notes=row.notes,
        organizer_id=row.organizer_id,
        attendees=[
            AttendeeOut(
                user_id=one.person_id,
                email=one.address,
                name=one.name,
                required=one.required,
                response=Response(one.response),
                problem=one.problem,
            )
            for one in shown.attendees
        ],
        conference=ConferenceOut(kind=ConferenceKind(row.conference_kind), url=row.conference_url),
        calendar=MeetingCalendarOut(
            integration_id=row.integration_id,
            state=CalendarState(state),
            url=row.calendar_url,
            problem=row.calendar_problem,
        )
        if state
        else None,
        follow_target=row.follows_target,
        additional=row.is_additional,
        share_outside=row.tells_outsiders,
        sequence=row.sequence,
        uid=uid_of(row),
        ics_url=f"{base_url}/api/postmortems/{key}/meetings/{row.id}.ics",
        held_at=row.held_at,
        cancelled_reason=row.cancelled_reason,
        created_at=row.created_at,
    )

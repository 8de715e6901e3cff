"""What a review meeting could be: people with their reasons, times that suit them, and an agenda.

What is needed is read in one transaction, and the times are worked out after it, since that takes tens of milliseconds:
see :func:`load_suggestion` and :func:`work_out`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain import access
from domain.access import Verb, Viewer
from domain.documents.document import Document
from domain.escalation.targets import TargetName
from domain.meetings.agenda import write_agenda
from domain.meetings.attendees import Attendee, suggest_attendees
from domain.meetings.suggestion import BEYOND, HORIZON, Invitee, Slot, suggest
from domain.people.calendar import Window, working_hours
from domain.postmortems.lifecycle import Status
from models.queries.documents.postmortems import get_document
from models.queries.meetings import people
from models.queries.notifications.receivers import read_office
from models.queries.people.calendars import read_calendars
from models.queries.postmortems.postmortems import get_visible
from models.session import Session

NOTICE = timedelta(hours=4)
"""How long before a meeting it is proposed at the latest."""


@dataclass(frozen=True, slots=True)
class LoadedSuggestion:
    """``target`` is until when the review should be completed, None where nothing says so or it is."""

    document: Document
    attendees: Sequence[Attendee]
    invitees: Sequence[Invitee]
    open_threads: dict[str | None, int]
    earliest: datetime
    target: datetime | None
    minutes: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody works, from when until when; never with what they do then."""

    person_id: str
    name: str
    time_zone: str
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    attendees: Sequence[Attendee]
    slots: Sequence[Slot]
    people: Sequence[Hours]
    agenda: str


async def load_suggestion(
    session: Session, viewer: Viewer, postmortem_id: str, minutes: int, now: datetime, base_url: str
) -> LoadedSuggestion:
    """Leaves out people who left, and those who may not see the postmortem. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id)
    access.check(Verb.PLAN_MEETING, Status(visible.postmortem.status), visible.relations)
    document = await get_document(session, viewer, postmortem_id, now, base_url, with_comments=False)
    wanted = suggest_attendees(document)
    rows = await people.list_invitable(session, postmortem_id, [one.person_id for one in wanted])
    office = await read_office(session, [one.id for one in document.teams])
    calendars = await read_calendars(session, list(rows.values()), office)
    attendees = [one for one in wanted if one.person_id in rows]
    invitees = [
        Invitee(one.person_id, rows[one.person_id].name, calendars[one.person_id], required=one.is_required)
        for one in attendees
    ]
    return LoadedSuggestion(
        document=document,
        attendees=attendees,
        invitees=invitees,
        open_threads=await people.count_open_threads(session, postmortem_id),
        earliest=now + NOTICE,
        target=_target(document),
        minutes=minutes,
    )


def _target(document: Document) -> datetime | None:
    for one in document.targets:
        if one.name is TargetName.REVIEW_COMPLETED and one.met_at is None and one.waived_at is None:
            return one.extended_to or one.due_at
    return None


def work_out(loaded: LoadedSuggestion) -> Suggestion:
    """Whoever is needed and away all that time is only asked, else there would be no time at all."""
    last = max(loaded.target or loaded.earliest + HORIZON, loaded.earliest) + BEYOND
    invitees = [
        replace(
            one, required=one.required and next(working_hours(loaded.earliest, last, one.calendar), None) is not None
        )
        for one in loaded.invitees
    ]
    slots = suggest(invitees, minutes=loaded.minutes, earliest=loaded.earliest, target=loaded.target)
    until = max([loaded.earliest + HORIZON, *(one.ends_at for one in slots)])
    return Suggestion(
        attendees=loaded.attendees,
        slots=slots,
        people=[
            Hours(
                one.person_id,
                one.name,
                one.calendar.zone,
                tuple(working_hours(loaded.earliest, until, one.calendar)),
            )
            for one in invitees
        ],
        agenda=write_agenda(loaded.document, loaded.open_threads, loaded.minutes),
    )

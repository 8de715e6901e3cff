"""Review meetings as they are shown: with who is invited, and with their title as the postmortem is now."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.access import Viewer
from domain.meetings.meeting import title_of
from models.meeting import Meeting, MeetingAttendee
from models.queries.meetings import meetings
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session


@dataclass(frozen=True, slots=True)
class ShownMeeting:
    """``attendees`` are those who are invited now."""

    row: Meeting
    attendees: Sequence[MeetingAttendee]
    title: str


@dataclass(frozen=True, slots=True)
class ListedMeetings:
    items: Sequence[ShownMeeting]
    next_cursor: str | None


async def list_meetings(session: Session, viewer: Viewer, postmortem_id: str, ask: Ask) -> ListedMeetings:
    """For everyone who sees the postmortem. Raises NotFound."""
    visible = await get_visible(session, viewer, postmortem_id)
    found = await meetings.list_meetings(session, postmortem_id, ask)
    return ListedMeetings(await _show(session, visible, found.items), found.next_cursor)


async def list_recent(session: Session, visible: VisiblePostmortem, limit: int) -> Sequence[ShownMeeting]:
    """Those that are still to come first."""
    return await _show(session, visible, await meetings.list_recent(session, visible.postmortem.id, limit))


async def get_meeting(session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str) -> ShownMeeting:
    """Raises NotFound."""
    visible = await get_visible(session, viewer, postmortem_id)
    return await show_one(session, visible, await meetings.get_meeting(session, postmortem_id, meeting_id))


async def show_one(session: Session, visible: VisiblePostmortem, row: Meeting) -> ShownMeeting:
    return (await _show(session, visible, [row]))[0]


async def _show(session: Session, visible: VisiblePostmortem, rows: Sequence[Meeting]) -> list[ShownMeeting]:
    attendees = await meetings.list_attendees(session, [one.id for one in rows])
    title = title_of(visible.postmortem.number, visible.postmortem.title, visible.visibility)
    return [
        ShownMeeting(one, [guest for guest in attendees[one.id] if guest.removed_at is None], title) for one in rows
    ]

"""A meeting as files: for a calendar, and its agenda."""

import asyncio
from datetime import datetime

from application.meetings.events import event_of
from application.meetings.letters import MeetingWords, describe
from application.meetings.shown import ShownMeeting, get_meeting
from domain.access import Viewer
from domain.meetings.agenda import write_agenda
from domain.meetings.meeting import MeetingStatus
from integrations.meetings.invitation import Method, write
from models.queries.documents.postmortems import get_document
from models.queries.meetings import people
from models.queries.people.people import people_by_id
from models.session import Session


async def read_agenda(
    session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str, now: datetime, base_url: str
) -> str:
    """As the postmortem is now. Raises NotFound."""
    shown = await get_meeting(session, viewer, postmortem_id, meeting_id)
    return await _agenda(session, viewer, shown, postmortem_id, now, base_url)


async def _agenda(
    session: Session, viewer: Viewer, shown: ShownMeeting, postmortem_id: str, now: datetime, base_url: str
) -> str:
    document = await get_document(session, viewer, postmortem_id, now, base_url, with_comments=False)
    threads = await people.count_open_threads(session, postmortem_id)
    return await asyncio.to_thread(write_agenda, document, threads, shown.row.minutes)


async def read_file(
    session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str, now: datetime, base_url: str
) -> bytes:
    """What somebody who sees the postmortem imports into their own calendar. Raises NotFound."""
    shown = await get_meeting(session, viewer, postmortem_id, meeting_id)
    row = shown.row
    agenda = await _agenda(session, viewer, shown, postmortem_id, now, base_url)
    organizer = (await people_by_id(session, [row.organizer_id]))[row.organizer_id]
    url = f"{base_url}/postmortems/{postmortem_id}"
    words = MeetingWords(shown.title, describe(agenda, url, row.notes, row.conference_url), url, organizer.name)
    is_off = row.status == MeetingStatus.CANCELLED.value
    event = event_of(row, shown.attendees, words, organizer.email)
    return write(event, Method.CANCEL if is_off else Method.PUBLISH, now)

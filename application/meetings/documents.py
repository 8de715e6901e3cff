"""A meeting as files: for a calendar, and its agenda. What is needed is read first, and written down after that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.meetings.events import event_of
from application.meetings.letters import MeetingWords, describe
from application.meetings.shown import ShownMeeting, get_meeting
from domain.access import Viewer, Visibility
from domain.documents.document import Document
from domain.meetings.agenda import write_agenda
from domain.meetings.meeting import MeetingStatus
from integrations.meetings.invitation import Method, write
from models.queries.documents.postmortems import get_document
from models.queries.meetings import people
from models.queries.people.people import people_by_id
from models.session import Session


@dataclass(frozen=True, slots=True)
class LoadedAgenda:
    """``document`` None: nothing of it may be said."""

    postmortem_id: str
    visibility: Visibility
    document: Document | None
    open_threads: Mapping[str | None, int]
    minutes: int

    def text(self) -> str:
        """As Markdown. It takes milliseconds: on a thread."""
        return "" if self.document is None else write_agenda(self.document, self.open_threads, self.minutes)


async def load_agenda(
    session: Session, viewer: Viewer, postmortem_id: str, minutes: int, now: datetime, base_url: str
) -> LoadedAgenda:
    """As the postmortem is now. Raises NotFound."""
    document = await get_document(session, viewer, postmortem_id, now, base_url, with_comments=False)
    threads = await people.count_open_threads(session, postmortem_id)
    return LoadedAgenda(postmortem_id, document.visibility, document, threads, minutes)


async def load_agenda_of(
    session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str, now: datetime, base_url: str
) -> LoadedAgenda:
    """Raises NotFound."""
    shown = await get_meeting(session, viewer, postmortem_id, meeting_id)
    return await load_agenda(session, viewer, postmortem_id, shown.row.minutes, now, base_url)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The ``.ics`` file: anyone who can see the postmortem may import it into their own calendar."""

    shown: ShownMeeting
    agenda: LoadedAgenda
    organizer: str
    organizer_address: str
    now: datetime

    def content(self, base_url: str) -> bytes:
        """On a thread."""
        row = self.shown.row
        url = f"{base_url}/postmortems/{self.agenda.postmortem_id}"
        description = describe(self.agenda.text(), url, row.notes, row.conference_url)
        words = MeetingWords(self.shown.title, description, url, self.organizer)
        is_off = row.status == MeetingStatus.CANCELLED.value
        event = event_of(row, self.shown.attendees, words, self.organizer_address)
        return write(event, Method.CANCEL if is_off else Method.PUBLISH, self.now)


async def load_file(
    session: Session, viewer: Viewer, postmortem_id: str, meeting_id: str, now: datetime, base_url: str
) -> LoadedFile:
    """Raises NotFound."""
    shown = await get_meeting(session, viewer, postmortem_id, meeting_id)
    agenda = await load_agenda(session, viewer, postmortem_id, shown.row.minutes, now, base_url)
    organizer = (await people_by_id(session, [shown.row.organizer_id]))[shown.row.organizer_id]
    return LoadedFile(shown, agenda, organizer.name, organizer.email, now)

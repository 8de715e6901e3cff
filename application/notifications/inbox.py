"""The inbox as its owner reads it, in the words of the messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.notifications.details import NoticeDetails, read_details
from application.notifications.entries import EntryWriter, local_now
from application.notifications.links import MessageLinks
from application.notifications.wording import notice_text
from domain.access import Viewer
from domain.notifications.meanings import Meaning, meaning_of
from integrations.notifier import Entry
from models.notification import Notice
from models.queries.notifications.background import read_background
from models.session import Session


@dataclass(frozen=True, slots=True)
class InboxRow:
    """``text`` is the whole sentence, as it stands by itself."""

    notice: Notice
    text: str
    entry: Entry
    actor: str
    """Empty: the clock did it, or whoever did has left."""

    @property
    def about_id(self) -> str:
        return self.notice.about_id or self.notice.id

    @property
    def link(self) -> str:
        """To the very place."""
        return self.entry.action.url if self.entry.action else self.entry.link

    @property
    def meaning(self) -> Meaning:
        return meaning_of(self.notice.kind, by_a_person=self.notice.actor_id is not None)


async def read_inbox(
    session: Session, viewer: Viewer, found: Sequence[Notice], now: datetime, *, zone: str, base_url: str
) -> list[InboxRow]:
    """In the order of ``found``. ``base_url`` is the address of the web pages."""
    details = await read_details(session, found, now, viewer=viewer, team_id=None)
    seen = [one.postmortem for one in details if one.postmortem]
    background = await read_background(session, found, seen, viewer.person_id)
    writer = EntryWriter(
        MessageLinks(base_url.rstrip("/")),
        background,
        local_now(now, zone),
        viewer.person_id,
        is_admin=viewer.is_admin,
    )
    return [_row(writer, one, notice_text(one, zone, now)) for one in details]


def _row(writer: EntryWriter, details: NoticeDetails, text: str) -> InboxRow:
    (entry,) = writer.write([details])
    return InboxRow(details.notice, text, entry, details.names.get("actor", ""))


def grouped(rows: Sequence[InboxRow]) -> list[list[InboxRow]]:
    """By what they are about, in the order of the newest of each."""
    groups: dict[str, list[InboxRow]] = {}
    for one in rows:
        groups.setdefault(one.about_id, []).append(one)
    return list(groups.values())

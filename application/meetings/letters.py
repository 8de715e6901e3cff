"""The words of an invitation: in a mail, and in an event. They say no more than their readers may know."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from domain.meetings.meeting import EventTimes
from domain.notifications.notices import instant_words
from integrations.meetings.invitation import Method
from integrations.message_html import card, page

LIMIT = 8000
"""Characters of an event's description: Google takes 8,192."""


@dataclass(frozen=True, slots=True)
class MeetingWords:
    """``description`` is the event's own: the agenda, the link and what the organizer wrote, or nothing."""

    title: str
    description: str
    url: str | None
    organizer: str


def describe(agenda: str, url: str, notes: str | None, conference_url: str | None) -> str:
    parts = [f"Postmortem: {url}"]
    if conference_url:
        parts.append(f"Join: {conference_url}")
    if notes:
        parts.append(notes)
    if agenda:
        parts.append(agenda)
    whole = "\n\n".join(parts).strip()
    return whole if len(whole) <= LIMIT else f"{whole[:LIMIT].rpartition(chr(10))[0]}\n…"


def subject(title: str, method: Method, *, is_update: bool) -> str:
    if method is Method.CANCEL:
        return f"Canceled: {title}"
    return f"Updated invitation: {title}" if is_update else f"Invitation: {title}"


def letter(words: MeetingWords, times: EventTimes, zone: str, method: Method, *, is_update: bool) -> tuple[str, str]:
    """As plain text and as HTML."""
    when = _when(times.starts_at, zone)
    if method is Method.CANCEL:
        lines = [f"{words.organizer} canceled this meeting, or you are no longer invited:", words.title, when]
    else:
        opening = "changed the invitation to" if is_update else "invites you to"
        lines = [f"{words.organizer} {opening} this meeting:", words.title, f"{when}, {times.minutes} minutes"]
        lines += [f"Where: {times.location}"] if times.location else []
    text = "\n".join(lines)
    if words.description and method is not Method.CANCEL:
        text += f"\n\n{words.description}"
    body = "".join(f'<p class="plain">{escape(one)}</p>'.replace("\n", "<br>") for one in text.split("\n\n"))
    return text + "\n", page(words.title, card(body))


def _when(at: datetime, zone: str) -> str:
    return instant_words(at.astimezone(ZoneInfo(zone)), zone)

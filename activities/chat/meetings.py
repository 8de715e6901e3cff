"""Answers ``/afterword meet``: the times that suit everyone, or the meeting that is planned; and plans one."""

import re
from datetime import UTC, datetime

from activities.chat.requests import ChatRequest, Reply
from application.chat import postmortems
from application.chat.actions import zone_of
from application.chat.people import ChatPerson
from application.meetings import planning, suggestions
from application.meetings.planning import MeetingPlan
from domain.chat import CommandText
from domain.meetings.suggestion import Slot
from integrations.slack.blocks import context, section
from integrations.slack.mrkdwn import escaped, linked
from models.meeting import Meeting
from models.queries.meetings.meetings import find_open
from models.queries.postmortems.postmortems import get_visible

MINUTES = 45
_WITH_TIME = re.compile(r"^(?P<which>.*?)\s*(?P<at>\d{4}-\d{2}-\d{2}[ T]\d{1,2}:\d{2})$")
WRONG_TIME = "Enter a day and a time that exist, such as `/afterword meet 17 2026-12-03 15:00`."


async def meet(request: ChatRequest, person: ChatPerson, text: CommandText, channel: str | None) -> Reply:
    """Raises the refusal."""
    found = _WITH_TIME.match(text.rest)
    which, at = (found["which"], found["at"]) if found else (text.rest, None)
    async with request.sessions.begin() as session:
        postmortem_id = await postmortems.get_id_in_channel(
            session, person.viewer, which, request.connection.id, channel
        )
        row = (await get_visible(session, person.viewer, postmortem_id)).postmortem
        standing = await find_open(session, postmortem_id)
    page = linked(f"#{row.number} {row.title}", f"{request.page(postmortem_id)}/meetings")
    if at is not None:
        return await _plan(request, person, postmortem_id, page, at)
    if standing is not None:
        words = f"The review meeting of {page} is {_shown(standing.starts_at, person)}."
        return Reply("meeting", words)
    return await _suggest(request, person, postmortem_id, row.number, page)


async def _suggest(request: ChatRequest, person: ChatPerson, postmortem_id: str, number: int, page: str) -> Reply:
    async with request.sessions.begin() as session:
        loaded = await suggestions.load_suggestion(
            session, person.viewer, postmortem_id, MINUTES, request.now, request.base_url
        )
    found = await suggestions.finish(request.sessions, request.keyring, loaded, person.viewer.person_id, request.now)
    new = linked("Choose people and a time", f"{request.page(postmortem_id)}/meetings/new")
    if not found.slots:
        return Reply("no time", f"No time in the next weeks suits everyone who is needed for {page}. {new}")
    lines = [f"*Times for a review of {page}*", *(_slot(one, person) for one in found.slots)]
    zone = zone_of(person.person.time_zone)
    first = found.slots[0].starts_at.astimezone(zone.rules)
    hint = f"To schedule one: `/afterword meet {number} {first:%Y-%m-%d %H:%M}`. {new}"
    return Reply("times", f"{len(found.slots)} times found.", [section("\n".join(lines)), context(hint)])


def _slot(slot: Slot, person: ChatPerson) -> str:
    notes = f" ({escaped('; '.join(slot.notes))})" if slot.notes else ""
    return f"• {_shown(slot.starts_at, person)}: {slot.available + slot.unknown} of {slot.of} can come{notes}"


async def _plan(request: ChatRequest, person: ChatPerson, postmortem_id: str, page: str, at: str) -> Reply:
    """A repeat of the same request finds what the first has made."""
    zone = zone_of(person.person.time_zone)
    try:
        begin = datetime.strptime(at.replace("T", " "), "%Y-%m-%d %H:%M").replace(tzinfo=zone.rules)
        starts_at = begin.astimezone(UTC)
    except (ValueError, OverflowError):
        return Reply("wrong time", WRONG_TIME)
    plan = MeetingPlan(starts_at, MINUTES, person.person.time_zone, None)
    async with request.sessions.begin() as session:
        standing = await find_open(session, postmortem_id)
        if standing is None or not _is_same(standing, starts_at, person):
            await planning.plan_meeting(session, person.viewer, postmortem_id, plan, request.now, request.base_url)
    words = f"The review meeting of {page} is scheduled: {_shown(starts_at, person)}. Everyone who is invited is told."
    return Reply("scheduled", words)


def _is_same(row: Meeting, starts_at: datetime, person: ChatPerson) -> bool:
    return row.starts_at == starts_at and row.organizer_id == person.viewer.person_id


def _shown(at: datetime, person: ChatPerson) -> str:
    zone = zone_of(person.person.time_zone)
    return f"{at.astimezone(zone.rules):%a %Y-%m-%d %H:%M} {zone.name}"

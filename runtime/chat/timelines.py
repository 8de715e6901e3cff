"""Messages that become events of a timeline, each at its own time, with its author and where it stands, and once."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from domain.errors import DomainError
from domain.postmortems.first_draft import EntrySource
from domain.timeline.event_types import guess_type
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENT_LIMIT
from integrations.slack.client import Slack
from integrations.slack.export import ChatMessage, read_message
from integrations.slack.mrkdwn import cut, escaped, linked
from models.queries import timeline
from models.queries.chat import chat, picks
from models.queries.chat.chat import Here
from models.queries.incidents import incidents
from models.queries.postmortems.postmortems import NewTimelineEvent, get_visible
from runtime.chat.desk import Known, Reply, Request, refused

PIN = "pushpin"
"""The reaction that means: into the timeline."""
NAMES_LIMIT = 20
_MENTION = re.compile(r"<@([A-Z0-9]{1,30})[|>]")
_IGNORED = frozenset({"tombstone", "message_deleted", "message_changed", "channel_join", "channel_leave"})


async def add_message(request: Request, known: Known, here: Here, channel: str, message: Mapping[str, Any]) -> Reply:
    """Into the timeline of that postmortem, if they may write it; of an incident without one, into the one to come, if
    they may open it. The same message again changes nothing."""
    if message.get("subtype") in _IGNORED or message.get("hidden"):
        return Reply("ignored", "A deleted message cannot be added to a timeline.")
    names = await _names(request, message)
    read = read_message(message, names)
    if isinstance(read, str):
        return Reply("unreadable", f"This message cannot be added to a timeline. {read}")
    link = await asyncio.to_thread(request.connection.slack().permalink, channel, str(message.get("ts")))
    try:
        event = _event(read, link)
        kept = await _keep(request, known, here.incident_id, event) if here.incident_id else here.postmortem_id or ""
        return kept if isinstance(kept, Reply) else await _add(request, known, kept, event)
    except DomainError as refusal:
        return refused(refusal)


def _event(read: ChatMessage, link: str | None) -> NewTimelineEvent:
    return NewTimelineEvent(
        read.at,
        _with_link(read.event, link),
        guess_type(read.event).value,
        read.actor,
        EntrySource.CHAT.value,
        precision=Precision.SECOND.value,
        external_id=read.key,
    )


async def _keep(request: Request, known: Known, incident_id: str, event: NewTimelineEvent) -> Reply | str:
    """For the postmortem to come; the postmortem's id where it came meanwhile."""
    told = {"at": event.at, "event": event.event, "type": event.type, "actor": event.actor}
    async with request.desk.sessions.begin() as session:
        incident = await incidents.get_incident(session, incident_id, lock=True)
        if opened := await chat.find_opened(session, incident_id):
            return opened
        await incidents.check_part(session, known.viewer, incident, "add to the timeline of")
        is_new = await picks.keep_pick(session, known.viewer, incident_id, event.external_id or "", told, request.now)
        title = escaped(cut(incident.title, 200))
    to_come = f"the postmortem of “{title}”, which is not open yet"
    if not is_new:
        return Reply("kept already", f"This message is kept already for {to_come}.")
    return Reply("kept", f":pushpin: Kept: it comes into the timeline of {to_come}, when it is opened.")


async def _add(request: Request, known: Known, postmortem_id: str, event: NewTimelineEvent) -> Reply:
    async with request.desk.sessions.begin() as session:
        seen = await get_visible(session, known.viewer, postmortem_id, lock=True)
        sorted_out = await timeline.sort_out_doubles(session, seen, [event])
        _, started = await timeline.add_to_timeline(session, known.viewer, seen, sorted_out.new, request.now)
        title = seen.postmortem.title
    if started:
        await request.desk.dispatch.start_postmortem(postmortem_id)
    page = linked(cut(title, 200), f"{request.desk.base_url}/postmortems/{postmortem_id}")
    if not sorted_out.new:
        return Reply("there already", f"This message is in the timeline of {page} already.")
    return Reply("added", f":pushpin: Added to the timeline of {page}.")


def _with_link(event: str, link: str | None) -> str:
    told = f"{event}\n\n[In Slack]({link})" if link else event
    return told if len(told) <= EVENT_LIMIT else event


async def _names(request: Request, message: Mapping[str, Any]) -> dict[str, str]:
    """Of its author and of those it mentions: as we know them, else as Slack does."""
    accounts = list(dict.fromkeys([*_author(message), *_MENTION.findall(str(message.get("text", "")))]))[:NAMES_LIMIT]
    async with request.desk.sessions.begin() as session:
        names = await chat.accounts_of(session, request.connection.id, accounts)
    unknown = [one for one in accounts if one not in names]
    return names | await asyncio.to_thread(_ask_names, request.connection.slack(), unknown)


def _author(message: Mapping[str, Any]) -> list[str]:
    user = message.get("user")
    return [user] if isinstance(user, str) and not message.get("user_profile") else []


def _ask_names(slack: Slack, accounts: list[str]) -> dict[str, str]:
    found = {account: slack.find_user(account) for account in accounts}
    return {account: user.name for account, user in found.items() if user}

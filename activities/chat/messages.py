"""Adds messages that are picked in Slack to timelines, with their authors and links to them."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from activities.chat.files import attach_files
from activities.chat.requests import ChatRequest, Reply, refused
from application.chat import messages
from application.chat.channels import ChannelSubject
from application.chat.messages import MessageResult, PickedMessage
from application.chat.people import ChatPerson
from domain.errors import DomainError
from integrations.slack.client import Slack
from integrations.slack.export import read_message
from integrations.slack.message_words import is_gone, words_of
from integrations.slack.mrkdwn import cut, escaped, linked
from models.queries.chat.people import list_names

PIN = "pushpin"
"""The reaction that adds a message to the timeline."""
NAMES_LIMIT = 20
_MENTION = re.compile(r"<@([A-Z0-9]{1,30})[|>]")


async def add_message(
    request: ChatRequest,
    person: ChatPerson,
    subject: ChannelSubject,
    channel: str,
    message: Mapping[str, Any],
) -> Reply:
    """Adds the message to the timeline of the postmortem or incident that the channel is about.

    The same message again changes nothing. A refusal is a reply.
    """
    if is_gone(message):
        return Reply("ignored", "You can't add a deleted message to a timeline.")
    names = await _names(request, message)
    read = read_message(message, names)
    if isinstance(read, str):
        return Reply("unreadable", f"This message can't be added to a timeline. {read}")
    link = await asyncio.to_thread(request.connection.client().permalink, channel, str(message.get("ts")))
    lines = [f"[In Slack]({link})"] if link else []
    if subject.postmortem_id is not None:
        lines = [*await attach_files(request, person, subject.postmortem_id, message), *lines]
    below = "\n\n".join(lines) or None
    try:
        added = await messages.add_message(request.sessions, person, subject, read, below, request.now)
        if added.started and added.postmortem_id:
            await request.starter.start_postmortem(added.postmortem_id)
    except DomainError as refusal:
        return refused(refusal)
    return Reply(added.result.value, _outcome(request, added))


def _outcome(request: ChatRequest, added: PickedMessage) -> str:
    to_come = f"the postmortem of “{escaped(cut(added.title, 200))}”, which hasn't started yet"
    page = linked(cut(added.title, 200), request.page(added.postmortem_id or ""))
    match added.result:
        case MessageResult.KEPT:
            return f":pushpin: Saved for the timeline of {to_come}."
        case MessageResult.KEPT_BEFORE:
            return f"This message is already saved for {to_come}."
        case MessageResult.ADDED:
            return f":pushpin: Added to the timeline of {page}."
        case MessageResult.ADDED_BEFORE:
            return f"This message is already in the timeline of {page}."


async def _names(request: ChatRequest, message: Mapping[str, Any]) -> dict[str, str]:
    """The names of its author and of those it mentions: ours if we know them, else Slack's."""
    accounts = list(dict.fromkeys([*_author(message), *_MENTION.findall(words_of(message))]))[:NAMES_LIMIT]
    async with request.sessions.begin() as session:
        names = await list_names(session, request.connection.id, accounts)
    unknown = [one for one in accounts if one not in names]
    return names | await asyncio.to_thread(_ask_names, request.connection.client(), unknown)


def _author(message: Mapping[str, Any]) -> list[str]:
    user = message.get("user")
    return [user] if isinstance(user, str) and not message.get("user_profile") else []


def _ask_names(slack: Slack, accounts: list[str]) -> dict[str, str]:
    found = {account: slack.find_user(account) for account in accounts}
    return {account: user.name for account, user in found.items() if user}

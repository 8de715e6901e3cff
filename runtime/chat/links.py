"""Previews of links to postmortems: what everybody in the channel may see, or a neutral card."""

import asyncio

from domain.chat import Channel, linked_postmortem, may_preview
from domain.postmortems.lifecycle import Status
from integrations.slack.actions import LinksShared
from integrations.slack.blocks import Face, neutral_blocks, preview_blocks
from integrations.slack.errors import SlackRefused
from models.queries.chat import chat
from models.queries.chat.chat import Shown
from runtime.chat.desk import Request

LINKS_LIMIT = 10


async def show(request: Request, shared: LinksShared) -> str:
    """The result, for the log."""
    base_url = request.desk.base_url
    pointed = {url: one for url in shared.links if (one := linked_postmortem(url, base_url))}
    pointed = dict(list(pointed.items())[:LINKS_LIMIT])
    if not pointed:
        return "ignored"
    channel = await _channel(request, shared)
    async with request.desk.sessions.begin() as session:
        shown = await chat.list_shown_unscoped(session, list(pointed.values()))
    previews = {url: _blocks(shown.get(one), channel, base_url) for url, one in pointed.items()}
    await asyncio.to_thread(request.connection.slack().unfurl, _where(shared), previews)
    return "shown"


async def _channel(request: Request, shared: LinksShared) -> Channel:
    """Of what cannot be found out, the worst is believed: also of a message that is not sent yet."""
    if not request.connection.config.previews or shared.source == "composer":
        return Channel()
    try:
        told = await asyncio.to_thread(request.connection.slack().channel, shared.channel)
    except SlackRefused:
        return Channel()
    async with request.desk.sessions.begin() as session:
        teams = await chat.declared_teams(session, request.connection.id, shared.channel)
    return Channel(told.is_outside, told.is_private, teams)


def _blocks(shown: Shown | None, channel: Channel, base_url: str) -> list[dict[str, object]]:
    if shown is None:
        return neutral_blocks()
    row = shown.postmortem
    if not may_preview(Status(row.status), shown.visibility, shown.team_ids, channel):
        return neutral_blocks()
    url = f"{base_url}/postmortems/{row.id}"
    return preview_blocks(Face(row.number, row.title, row.status, url, shown.summary))


def _where(shared: LinksShared) -> dict[str, str]:
    if shared.unfurl_id and shared.source:
        return {"unfurl_id": shared.unfurl_id, "source": shared.source}
    return {"channel": shared.channel, "ts": shared.ts}

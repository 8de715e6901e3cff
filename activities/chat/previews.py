"""Shows previews of links to postmortems: what everyone in the channel may see, or a neutral card."""

import asyncio

from activities.chat.requests import ChatRequest
from application.chat import previews
from domain.chat import Channel
from integrations.slack.actions import LinksShared
from integrations.slack.blocks import Face, neutral_blocks, preview_blocks
from integrations.slack.errors import SlackRefused
from models.queries.chat.postmortems import LinkedPostmortem


async def show(request: ChatRequest, shared: LinksShared) -> str:
    """Returns the result, for the log."""
    linked = previews.find_linked(shared.links, request.base_url)
    if not linked:
        return "ignored"
    channel = await _channel(request, shared)
    found = await previews.list_previews(request.sessions, linked, channel)
    blocks = {url: _blocks(request, one) for url, one in found.items()}
    await asyncio.to_thread(request.connection.client().unfurl, _where(shared), blocks)
    return "shown"


async def _channel(request: ChatRequest, shared: LinksShared) -> Channel:
    """If the channel cannot be found out, or the message is not sent yet, the least is shown."""
    if not request.connection.config.previews or shared.source == "composer":
        return Channel()
    try:
        told = await asyncio.to_thread(request.connection.client().channel, shared.channel)
    except SlackRefused:
        return Channel()
    async with request.sessions.begin() as session:
        return await previews.describe_channel(
            session,
            request.connection.id,
            shared.channel,
            is_outside=told.is_outside,
            is_private=told.is_private,
        )


def _blocks(request: ChatRequest, found: LinkedPostmortem | None) -> list[dict[str, object]]:
    if found is None:
        return neutral_blocks()
    row = found.postmortem
    return preview_blocks(Face(row.number, row.title, row.status, request.page(row.id), found.summary))


def _where(shared: LinksShared) -> dict[str, str]:
    if shared.unfurl_id and shared.source:
        return {"unfurl_id": shared.unfurl_id, "source": shared.source}
    return {"channel": shared.channel, "ts": shared.ts}

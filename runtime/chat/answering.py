"""Answers what was recorded: once for each request, or again with the same outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from domain.errors import PASSING, CredentialsRejected, DomainError, MalformedWebhook
from integrations.slack import request as slack_request
from integrations.slack.actions import Asked, Asker, Captured, Command, LinksShared, Origin, Pressed, Reacted, Submitted
from integrations.slack.blocks import ADD_TO_TIMELINE, DIALOG_ACTS, section
from integrations.slack.errors import ChannelGone, PersonGone, ScopeMissing, SlackRefused
from integrations.slack.settings import KIND
from models.integration import Integration, WebhookDelivery
from models.queries.chat import chat
from models.queries.connections import connections
from models.queries.postmortems import postmortems
from runtime.chat import acts, links, timelines, words
from runtime.chat.desk import Connection, Desk, Known, Reply, Request, Stranger, refused
from runtime.chat.dialogs import Left, check_before, wanted_by
from runtime.chat.people import identify

log = structlog.get_logger()

TOO_LATE = "That dialog did not open in time. Press the button again."
"""What is said where Slack was slow, or we were."""
PAUSED = "paused"
"""The result of what came before its connection was paused, and was not answered by then: nobody is told anything."""
BROKEN = "Slack does not take Afterword's token any more. Nothing was done; an administrator was told."


class Answering:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, delivery: int) -> str:
        """The result. Raises SlackUnavailable or a passing refusal where it is to be tried again."""
        held = await self._held(delivery)
        if held is None:
            return "answered before"
        row, integration = held
        if not integration.is_enabled:
            await self._settle(row, PAUSED)
            return PAUSED
        request = Request(self._desk, Connection.of(integration, self._desk.keyring), delivery, datetime.now(UTC))
        try:
            asked = slack_request.read(row.headers, row.body)
            result = await self._answer(request, asked) if isinstance(asked, Asked) else "ignored"
        except CredentialsRejected as refusal:
            await self._mark(integration.id, str(refusal))
            result = refusal.code
        except SlackRefused as refusal:
            result = await self._note(integration.id, refusal)
        except MalformedWebhook:
            result = "malformed"
        await self._settle(row, result)
        return result

    async def give_up(self, delivery: int, why: str) -> None:
        """Tells whoever asked that it was not done, as well as that is possible, and leaves it."""
        held = await self._held(delivery)
        if held is None:
            return
        row, integration = held
        if not integration.is_enabled:
            await self._settle(row, PAUSED)
            return
        request = Request(self._desk, Connection.of(integration, self._desk.keyring), delivery, datetime.now(UTC))
        asked = slack_request.read(row.headers, row.body)
        told = f"This could not be done: {why}. Nothing is tried any more (request {delivery})."
        if isinstance(asked, Command | Pressed | Captured):
            try:
                await self._tell(request, asked.asker, asked.origin, Reply("given up", told))
            except Exception as error:  # noqa: BLE001 - it is the last thing that is tried
                log.warning("nobody told", delivery=delivery, reason=type(error).__name__)
        await self._settle(row, f"given up: {why}"[:200])

    async def _held(self, delivery: int) -> tuple[WebhookDelivery, Integration] | None:
        async with self._desk.sessions.begin() as session:
            row = await chat.get_delivery(session, delivery)
            if row is None or row.handled_at is not None or row.integration_id is None or not row.body:
                return None
            return row, await connections.get_integration(session, row.integration_id)

    async def _settle(self, row: WebhookDelivery, result: str) -> None:
        async with self._desk.sessions.begin() as session:
            now = datetime.now(UTC)
            await connections.conclude_delivery(
                session, row.integration_id, row.id, result, now, delivery_id=row.delivery_id, operation=KIND
            )
        log.info("slack request answered", delivery=row.id, delivery_id=row.delivery_id, result=result)

    async def _mark(self, integration_id: str, why: str) -> None:
        """An administrator is told, once until it is mended."""
        async with self._desk.sessions.begin() as session:
            await connections.note_trouble(session, integration_id, why, datetime.now(UTC))

    async def _note(self, integration_id: str, refusal: SlackRefused) -> str:
        """A missing permission is the whole connection's; anything else is this request's."""
        if isinstance(refusal, ScopeMissing):
            await self._mark(integration_id, str(refusal))
        log.warning("slack refused", method=refusal.method, code=refusal.code)
        return f"refused: {refusal.code}"

    # Each kind of request

    async def _answer(self, request: Request, asked: Asked) -> str:
        match asked:
            case LinksShared():
                return await links.show(request, asked)
            case Command():
                return await self._as_known(
                    request, asked.asker, asked.origin, lambda known: words.answer(request, known, asked)
                )
            case Pressed():
                return await self._pressed(request, asked)
            case Submitted():
                return await self._submitted(request, asked)
            case Captured():
                return await self._captured(request, asked)
            case Reacted():
                return await self._reacted(request, asked)

    async def _as_known(
        self, request: Request, asker: Asker, origin: Origin, work: Callable[[Known], Awaitable[Reply]]
    ) -> str:
        """Does it as the person who asked, and tells them how that went."""
        try:
            reply = await work(await identify(request.desk, request.connection, asker))
        except Stranger as stranger:
            reply = Reply("unknown person", str(stranger))
        except SlackRefused as refusal:
            reply = Reply(await self._note(request.connection.id, refusal), f"Slack did not let us: `{refusal.code}`.")
        except CredentialsRejected as refusal:
            await self._mark(request.connection.id, str(refusal))
            reply = Reply(refusal.code, BROKEN)
        except DomainError as refusal:
            if refusal.code in PASSING:
                raise
            reply = refused(refusal)
        await self._tell(request, asker, origin, reply)
        return reply.result

    async def _tell(self, request: Request, asker: Asker, origin: Origin, reply: Reply) -> None:
        """Where they asked; where that does not work any more, in the message itself or to them alone."""
        slack = request.connection.slack()
        blocks = list(reply.blocks) or [section(reply.text)]
        replace = reply.replace and bool(origin.message_ts and origin.channel)
        try:
            if origin.response_url:
                await asyncio.to_thread(slack.respond, origin.response_url, reply.text, blocks, replace=reply.replace)
                return
        except SlackRefused as refusal:
            log.info("answering address refused", delivery=request.delivery, reason=refusal.code)
        try:
            if replace and origin.channel and origin.message_ts:
                await asyncio.to_thread(slack.update, origin.channel, origin.message_ts, reply.text, blocks)
            elif origin.channel:
                await asyncio.to_thread(slack.post_ephemeral, origin.channel, asker.id, reply.text, blocks)
        except (ChannelGone, PersonGone):
            direct = await asyncio.to_thread(slack.open_direct, asker.id)
            await asyncio.to_thread(slack.post, direct, reply.text, blocks, key=request.id)

    async def _pressed(self, request: Request, asked: Pressed) -> str:
        act = acts.read_act(asked.action)
        if act is None:
            return "ignored"

        async def work(known: Known) -> Reply:
            if act in DIALOG_ACTS:
                await check_before(request, known, act, asked.value)
                return Reply("no dialog", TOO_LATE)
            wanted = acts.Wanted(act, asked.value)
            return await acts.carry_out(request, known, wanted, asked.origin, asked.block_id)

        return await self._as_known(request, asked.asker, asked.origin, work)

    async def _submitted(self, request: Request, asked: Submitted) -> str:
        """Only by whom that opened the dialog, from a request of the same connection."""
        left = Left.unpacked(asked.metadata)
        opener = await self._opener(request, left.delivery) if left else None
        if left is None or opener is None or opener.asker.id != asked.asker.id:
            return "ignored"

        async def work(known: Known) -> Reply:
            if isinstance(opener, Captured) and asked.callback == ADD_TO_TIMELINE:
                return await self._chosen(request, known, opener, asked)
            wanted = wanted_by(asked, left)
            if wanted is None or not isinstance(opener, Pressed):
                return Reply("ignored", "Afterword does not know this dialog any more.")
            return await acts.carry_out(request, known, wanted, opener.origin, opener.block_id)

        return await self._as_known(request, asked.asker, opener.origin, work)

    async def _opener(self, request: Request, delivery: int) -> Pressed | Captured | None:
        async with request.desk.sessions.begin() as session:
            row = await chat.get_delivery(session, delivery)
        if row is None or row.integration_id != request.connection.id or not row.body:
            return None
        asked = slack_request.read(row.headers, row.body)
        return asked if isinstance(asked, Pressed | Captured) else None

    async def _chosen(self, request: Request, known: Known, opener: Captured, asked: Submitted) -> Reply:
        chosen = asked.values.get("postmortem", "")
        reply = await timelines.add_message(request, known, chat.Here(chosen), opener.channel, opener.message)
        if asked.values.get("bind") and reply.result in {"added", "there already"}:
            async with request.desk.sessions.begin() as session:
                await postmortems.get_visible(session, known.viewer, chosen)
                await chat.bind_channel(
                    session, known.viewer, request.connection.id, opener.channel, postmortem_id=chosen
                )
        return reply

    async def _captured(self, request: Request, asked: Captured) -> str:
        if asked.callback != ADD_TO_TIMELINE:
            return "ignored"

        async def work(known: Known) -> Reply:
            async with request.desk.sessions.begin() as session:
                here = await chat.find_here(session, request.connection.id, asked.channel)
                choices = [] if here else await chat.list_editable(session, known.viewer, 1)
            if here is not None:
                return await timelines.add_message(request, known, here, asked.channel, asked.message)
            if not choices:
                return Reply("no postmortem", "There is no open postmortem whose timeline you may write.")
            return Reply("no dialog", TOO_LATE)

        return await self._as_known(request, asked.asker, asked.origin, work)

    async def _reacted(self, request: Request, asked: Reacted) -> str:
        """A pin in a channel that is bound; anywhere else a pin is just a pin."""
        if asked.reaction != timelines.PIN:
            return "ignored"
        async with request.desk.sessions.begin() as session:
            here = await chat.find_here(session, request.connection.id, asked.channel)
        if here is None:
            return "not bound"
        message = await asyncio.to_thread(request.connection.slack().find_message, asked.channel, asked.ts)
        if message is None:
            return "message gone"

        async def work(known: Known) -> Reply:
            return await timelines.add_message(request, known, here, asked.channel, message)

        return await self._as_known(request, asked.asker, Origin(asked.channel), work)

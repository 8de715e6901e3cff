"""The activities that answer a recorded request: once, or again with the same outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.chat import actions, commands, messages, previews
from activities.chat.requests import ChatRequest, PostmortemStarter, Reply, refused, unknown_person
from application.chat.actions import ButtonAction, DialogState, check_before_dialog, read_act
from application.chat.channels import ChannelSubject, bind_to_postmortem, find_channel_subject
from application.chat.people import ChatPerson, UnknownChatPerson, identify
from application.chat.postmortems import list_editable
from application.commands import Commands
from application.connections.deliveries import conclude_delivery
from application.notifications.connection_trouble import record_trouble
from domain.errors import PASSING, CredentialsRejected, DomainError, MalformedWebhook
from integrations.notifier import Act
from integrations.object_store import ObjectStore
from integrations.slack import request as slack_request
from integrations.slack.actions import Asked, Asker, Captured, Command, LinksShared, Origin, Pressed, Reacted, Submitted
from integrations.slack.blocks import ADD_TO_TIMELINE, DIALOG_ACTS, section
from integrations.slack.connection import SlackConnection
from integrations.slack.errors import ChannelGone, PersonGone, ScopeMissing, SlackRefused, SlackUnavailable
from integrations.slack.settings import KIND
from models.integration import Integration, WebhookDelivery
from models.keyring import Keyring
from models.queries.chat.deliveries import find_delivery
from models.queries.connections import connections
from models.session import Sessions

log = structlog.get_logger()

TOO_LATE = "The dialog didn't open in time. Press the button again."
"""The reply if Slack was slow, or we were."""
PAUSED = "paused"
"""The result of a request that was not answered before its connection was paused. There is no reply."""
BROKEN = "Slack no longer accepts Afterword's token, so nothing was done. An administrator has been notified."


@dataclass(frozen=True, slots=True)
class GiveUp:
    """``delivery`` is the row's number in ``webhook_delivery``."""

    delivery: int
    why: str


class ChatActivities:
    def __init__(
        self,
        sessions: Sessions,
        keyring: Keyring,
        commands: Commands,
        starter: PostmortemStarter,
        store: ObjectStore,
        base_url: str,
    ) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._commands = commands
        self._starter = starter
        self._store = store
        self._base_url = base_url

    @activity.defn
    async def answer_chat(self, delivery: int) -> str:
        """Does what a recorded request asks, and answers it; the result is a word or two for the log."""
        try:
            return await self._answer_recorded(delivery)
        except SlackUnavailable as stumble:
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="SlackUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            raise ApplicationError(str(refusal), type=refusal.code) from None

    async def _answer_recorded(self, delivery: int) -> str:
        """Raises SlackUnavailable or a passing refusal if it is to be tried again."""
        found = await self._find(delivery)
        if found is None:
            return "answered before"
        row, integration = found
        if not integration.is_enabled:
            await self._settle(row, PAUSED)
            return PAUSED
        request = self._request(integration, delivery)
        try:
            asked = slack_request.read(row.headers, row.body)
            result = await self._answer(request, asked) if isinstance(asked, Asked) else "ignored"
        except CredentialsRejected as refusal:
            await self._note_trouble(integration.id, str(refusal))
            result = refusal.code
        except SlackRefused as refusal:
            result = await self._note_refusal(integration.id, refusal)
        except MalformedWebhook:
            result = "malformed"
        await self._settle(row, result)
        return result

    @activity.defn
    async def give_up_chat(self, given: GiveUp) -> None:
        """Tells the person who asked that it was not done, as well as that is possible, and leaves it."""
        found = await self._find(given.delivery)
        if found is None:
            return
        row, integration = found
        if not integration.is_enabled:
            await self._settle(row, PAUSED)
            return
        request = self._request(integration, given.delivery)
        asked = slack_request.read(row.headers, row.body)
        text = (
            f"This couldn't be done: {given.why}. Afterword has stopped trying (request {given.delivery}). Try it"
            " again, or do it in Afterword."
        )
        if isinstance(asked, Command | Pressed | Captured):
            try:
                await self._tell(request, asked.asker, asked.origin, Reply("given up", text))
            except Exception as error:  # noqa: BLE001 - it is the last thing that is tried
                log.warning("nobody told", delivery=given.delivery, reason=type(error).__name__)
        await self._settle(row, f"given up: {given.why}"[:200])

    async def _find(self, delivery: int) -> tuple[WebhookDelivery, Integration] | None:
        """The recorded request and its connection; None if it was answered or its text dropped."""
        async with self._sessions.begin() as session:
            row = await find_delivery(session, delivery)
            if row is None or row.handled_at is not None or row.integration_id is None or not row.body:
                return None
            return row, await connections.get_integration(session, row.integration_id)

    def _request(self, integration: Integration, delivery: int) -> ChatRequest:
        secrets = self._keyring.open(integration.secrets)
        connection = SlackConnection.read(integration.id, integration.config, secrets, integration.kept_host)
        now = datetime.now(UTC)
        return ChatRequest(
            self._sessions,
            self._commands,
            self._starter,
            self._base_url,
            connection,
            self._store,
            self._keyring,
            delivery,
            now,
        )

    async def _settle(self, row: WebhookDelivery, result: str) -> None:
        async with self._sessions.begin() as session:
            now = datetime.now(UTC)
            await conclude_delivery(
                session, row.integration_id, row.id, result, now, delivery_id=row.delivery_id, operation=KIND
            )
        log.info("slack request answered", delivery=row.id, delivery_id=row.delivery_id, result=result)

    async def _note_trouble(self, integration_id: str, why: str) -> None:
        """Administrators are notified, once until the connection is mended."""
        async with self._sessions.begin() as session:
            await record_trouble(session, integration_id, why, datetime.now(UTC))

    async def _note_refusal(self, integration_id: str, refusal: SlackRefused) -> str:
        """A missing permission concerns the whole connection; anything else this request."""
        if isinstance(refusal, ScopeMissing):
            await self._note_trouble(integration_id, str(refusal))
        log.warning("slack refused", method=refusal.method, code=refusal.code)
        return f"refused: {refusal.code}"

    # Each kind of request

    async def _answer(self, request: ChatRequest, asked: Asked) -> str:
        match asked:
            case LinksShared():
                return await previews.show(request, asked)
            case Command():
                return await self._as_person(
                    request, asked.asker, asked.origin, lambda person: commands.answer(request, person, asked)
                )
            case Pressed():
                return await self._pressed(request, asked)
            case Submitted():
                return await self._submitted(request, asked)
            case Captured():
                return await self._captured(request, asked)
            case Reacted():
                return await self._reacted(request, asked)

    async def _as_person(
        self, request: ChatRequest, asker: Asker, origin: Origin, work: Callable[[ChatPerson], Awaitable[Reply]]
    ) -> str:
        """Does it as the person who asked, and replies."""
        try:
            reply = await work(await self._identify(request, asker))
        except UnknownChatPerson as error:
            reply = unknown_person(error)
        except SlackRefused as refusal:
            result = await self._note_refusal(request.connection.id, refusal)
            reply = Reply(result, f"Slack refused the request: `{refusal.code}`.")
        except CredentialsRejected as refusal:
            await self._note_trouble(request.connection.id, str(refusal))
            reply = Reply(refusal.code, BROKEN)
        except DomainError as refusal:
            if refusal.code in PASSING:
                raise
            reply = refused(refusal)
        await self._tell(request, asker, origin, reply)
        return reply.result

    async def _identify(self, request: ChatRequest, asker: Asker) -> ChatPerson:
        connection = request.connection
        find_user = partial(connection.client().find_user, asker.id)
        return await identify(request.sessions, connection.id, asker.id, KIND, find_user)

    async def _tell(self, request: ChatRequest, asker: Asker, origin: Origin, reply: Reply) -> None:
        """Replies where they asked; if that fails, in the message itself or to them alone."""
        slack = request.connection.client()
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

    async def _pressed(self, request: ChatRequest, asked: Pressed) -> str:
        act = read_act(asked.action)
        if act is None:
            return "ignored"

        async def work(person: ChatPerson) -> Reply:
            if act in DIALOG_ACTS:
                async with request.sessions.begin() as session:
                    await check_before_dialog(session, person, act, asked.value, request.now)
                return Reply("no dialog", TOO_LATE)
            action = ButtonAction(act, asked.value)
            return await actions.carry_out(request, person, action, asked.origin, asked.block_id)

        return await self._as_person(request, asked.asker, asked.origin, work)

    async def _submitted(self, request: ChatRequest, asked: Submitted) -> str:
        """Only from the person who opened the dialog, through the same connection."""
        state = DialogState.unpacked(asked.metadata)
        opener = await self._opener(request, state.delivery) if state else None
        if state is None or opener is None or opener.asker.id != asked.asker.id:
            return "ignored"

        async def work(person: ChatPerson) -> Reply:
            if isinstance(opener, Captured) and asked.callback == ADD_TO_TIMELINE:
                return await self._chosen(request, person, opener, asked)
            action = _action_of(asked, state)
            if action is None or not isinstance(opener, Pressed):
                return Reply("ignored", "This dialog has expired. Open it again.")
            return await actions.carry_out(request, person, action, opener.origin, opener.block_id)

        return await self._as_person(request, asked.asker, opener.origin, work)

    async def _opener(self, request: ChatRequest, delivery: int) -> Pressed | Captured | None:
        async with request.sessions.begin() as session:
            row = await find_delivery(session, delivery)
        if row is None or row.integration_id != request.connection.id or not row.body:
            return None
        asked = slack_request.read(row.headers, row.body)
        return asked if isinstance(asked, Pressed | Captured) else None

    async def _chosen(self, request: ChatRequest, person: ChatPerson, opener: Captured, asked: Submitted) -> Reply:
        chosen = asked.values.get("postmortem", "")
        reply = await messages.add_message(request, person, ChannelSubject(chosen), opener.channel, opener.message)
        if asked.values.get("bind") and reply.result in {"added", "there already"}:
            async with request.sessions.begin() as session:
                await bind_to_postmortem(session, person, request.connection.id, opener.channel, chosen)
        return reply

    async def _captured(self, request: ChatRequest, asked: Captured) -> str:
        if asked.callback != ADD_TO_TIMELINE:
            return "ignored"

        async def work(person: ChatPerson) -> Reply:
            async with request.sessions.begin() as session:
                subject = await find_channel_subject(session, request.connection.id, asked.channel)
                choices = [] if subject else await list_editable(session, person.viewer, 1)
            if subject is not None:
                return await messages.add_message(request, person, subject, asked.channel, asked.message)
            if not choices:
                return Reply("no postmortem", "There is no open postmortem whose timeline you can edit.")
            return Reply("no dialog", TOO_LATE)

        return await self._as_person(request, asked.asker, asked.origin, work)

    async def _reacted(self, request: ChatRequest, asked: Reacted) -> str:
        """A pin counts only in a channel that is bound."""
        if asked.reaction != messages.PIN:
            return "ignored"
        async with request.sessions.begin() as session:
            subject = await find_channel_subject(session, request.connection.id, asked.channel)
        if subject is None:
            return "not bound"
        message = await asyncio.to_thread(request.connection.client().find_message, asked.channel, asked.ts)
        if message is None:
            return "message gone"

        async def work(person: ChatPerson) -> Reply:
            return await messages.add_message(request, person, subject, asked.channel, message)

        return await self._as_person(request, asked.asker, Origin(asked.channel), work)


def _action_of(asked: Submitted, state: DialogState) -> ButtonAction | None:
    """The action that a dialog was about; None for a dialog that is not ours."""
    act = read_act(asked.callback)
    if act is None or act not in DIALOG_ACTS:
        return None
    if act is Act.SNOOZE:
        return ButtonAction(act, state.entity_id, until=_day(asked.values.get("until", "")))
    return ButtonAction(act, state.entity_id, reason=asked.values.get("reason", "").strip())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

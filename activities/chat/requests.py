"""A recorded request of Slack, and the reply to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from application.chat import actions
from application.chat.people import UnknownChatPerson, WhyUnknown
from application.commands import Commands
from domain.errors import DomainError
from integrations.object_store import ObjectStore
from integrations.slack.connection import SlackConnection
from integrations.slack.mrkdwn import escaped
from models.keyring import Keyring
from models.session import Sessions


class PostmortemStarter(Protocol):
    """Starts the workflow of a postmortem."""

    async def start_postmortem(self, postmortem_id: str) -> object: ...


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """``delivery`` is the number of its row in ``webhook_delivery``."""

    sessions: Sessions
    commands: Commands
    starter: PostmortemStarter
    base_url: str
    connection: SlackConnection
    store: ObjectStore
    keyring: Keyring
    delivery: int
    now: datetime

    @property
    def id(self) -> str:
        return actions.request_id(self.connection.id, self.delivery)

    def page(self, postmortem_id: str) -> str:
        return f"{self.base_url}/postmortems/{postmortem_id}"


@dataclass(frozen=True, slots=True)
class Reply:
    """``replace`` puts it in place of the button's message; otherwise only the person who asked sees it.

    ``result`` is for the log.
    """

    result: str
    text: str
    blocks: Sequence[dict[str, Any]] = ()
    replace: bool = False


_WHY_UNKNOWN = {
    WhyUnknown.NO_ACCOUNT: "Slack has no such account.",
    WhyUnknown.NO_TRUSTED_EMAIL: "guests, bots, and people from other organizations aren't matched by e-mail.",
    WhyUnknown.NOBODY_WITH_EMAIL: "no active person in Afterword has your e-mail address.",
    WhyUnknown.DEACTIVATED: "your Afterword account is deactivated.",
}


def unknown_person(error: UnknownChatPerson) -> Reply:
    """Tells them what to do."""
    return Reply(
        "unknown person",
        f"Afterword can't tell who you are: {_WHY_UNKNOWN[error.why]} Ask an Afterword administrator to"
        f" link your Slack account `{error.account}` to you, or to give you the e-mail address that you use in Slack.",
    )


def refused(refusal: DomainError) -> Reply:
    """The refusal's text, the same as the API's, with every reason."""
    lines = [escaped(str(refusal))]
    reasons = refusal.facts.get("reasons")
    listed = reasons if isinstance(reasons, list | tuple) else ()
    lines += [f"• {escaped(str(one.get('message', '')))}" for one in listed if isinstance(one, dict)]
    return Reply(refusal.code, "\n".join(lines)[:2900])

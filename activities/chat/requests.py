"""A recorded request of Slack, and the reply to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from application.chat import actions
from application.chat.people import UnknownChatPerson, WhyUnknown
from application.commands import Commands
from domain.errors import DomainError
from integrations.slack_connection import SlackConnection
from integrations.slack_mrkdwn import escaped
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
    WhyUnknown.NO_ACCOUNT: "Slack says that there is no such account.",
    WhyUnknown.NO_TRUSTED_EMAIL: "guests, bots and people of other organisations are not matched by e-mail.",
    WhyUnknown.NOBODY_WITH_EMAIL: "nobody active has your e-mail address there.",
    WhyUnknown.DEACTIVATED: "your account there is deactivated.",
}


def unknown_person(error: UnknownChatPerson) -> Reply:
    """Tells them what to do."""
    return Reply(
        "unknown person",
        f"Afterword does not know who you are here: {_WHY_UNKNOWN[error.why]} Ask an administrator of Afterword to"
        f" write your Slack account `{error.account}` beside your name, or to give you the e-mail address that Slack"
        " has of you.",
    )


def refused(refusal: DomainError) -> Reply:
    """The refusal's text, the same as the API's, with every reason."""
    lines = [escaped(str(refusal))]
    reasons = refusal.facts.get("reasons")
    listed = reasons if isinstance(reasons, list | tuple) else ()
    lines += [f"• {escaped(str(one.get('message', '')))}" for one in listed if isinstance(one, dict)]
    return Reply(refusal.code, "\n".join(lines)[:2900])

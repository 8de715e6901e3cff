"""What the chat front end works with, one request on it, and what is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from domain.access import Viewer
from domain.errors import DomainError
from integrations.connection import checked_settings
from integrations.slack.actions import Asker
from integrations.slack.client import Slack
from integrations.slack.mrkdwn import escaped
from integrations.slack.settings import SlackConfig, SlackSecrets
from models.base import derived_id
from models.integration import Integration
from models.keyring import Keyring
from models.person import Person
from models.session import Sessions
from runtime.commands import Commands
from runtime.dispatch import Dispatch

T = TypeVar("T")
ORIGIN = "slack"
Told = Callable[[Slack], T]


@dataclass(frozen=True, slots=True)
class Desk:
    sessions: Sessions
    keyring: Keyring
    commands: Commands
    dispatch: Dispatch
    base_url: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A Slack connection, with its credentials opened."""

    id: str
    config: SlackConfig
    secrets: SlackSecrets

    @classmethod
    def of(cls, row: Integration, keyring: Keyring) -> "Connection":
        config = checked_settings(SlackConfig, row.config)
        return cls(row.id, config, checked_settings(SlackSecrets, keyring.open(row.secrets)))

    @property
    def signing_secrets(self) -> list[str]:
        secret = self.secrets.webhook_secret
        return secret.get_secret_value().split(",") if secret else []

    def slack(self, timeout: float = 10.0) -> Slack:
        return Slack(self.config, self.secrets, timeout)


@dataclass(frozen=True, slots=True)
class Known:
    """Whoever asks, as a person of ours; ``account`` is Slack's id."""

    person: Person
    viewer: Viewer
    account: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request on the desk. ``delivery`` is its row's number."""

    desk: Desk
    connection: Connection
    delivery: int
    now: datetime

    @property
    def id(self) -> str:
        """Names what is done for it among commands: the same each time it is done."""
        return derived_id("req", "chat", self.connection.id, str(self.delivery))


@dataclass(frozen=True, slots=True)
class Reply:
    """``replace`` puts it where the button was; otherwise only whoever asked sees it. ``result`` is for the log."""

    result: str
    text: str
    blocks: Sequence[dict[str, Any]] = ()
    replace: bool = False


class Stranger(Exception):
    """Nobody of ours; its text tells them what to do."""

    def __init__(self, asker: Asker, why: str) -> None:
        super().__init__(
            f"Afterword does not know who you are here: {why} Ask an administrator of Afterword to write your Slack"
            f" account `{asker.id}` beside your name, or to give you the e-mail address that Slack has of you."
        )


def refused(refusal: DomainError) -> Reply:
    """A refusal in words: the same as the API's, with every reason."""
    lines = [escaped(str(refusal))]
    reasons = refusal.facts.get("reasons")
    listed = reasons if isinstance(reasons, list | tuple) else ()
    lines += [f"• {escaped(str(one.get('message', '')))}" for one in listed if isinstance(one, dict)]
    return Reply(refusal.code, "\n".join(lines)[:2900])

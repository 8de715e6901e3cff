"""A connection to Slack with its settings and credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connection import checked_settings
from integrations.slack.client import Slack
from integrations.slack.settings import SlackConfig, SlackSecrets


@dataclass(frozen=True, slots=True)
class SlackConnection:
    """``id`` is that of the connection's row."""

    id: str
    config: SlackConfig
    secrets: SlackSecrets
    kept_host: str | None = None

    @classmethod
    def read(
        cls, id_: str, config: Mapping[str, Any], secrets: Mapping[str, Any], kept_host: str | None = None
    ) -> "SlackConnection":
        """``secrets`` are decrypted."""
        return cls(id_, checked_settings(SlackConfig, config), checked_settings(SlackSecrets, secrets), kept_host)

    @property
    def signing_secrets(self) -> list[str]:
        secret = self.secrets.webhook_secret
        return secret.get_secret_value().split(",") if secret else []

    def client(self, timeout: float = 10.0) -> Slack:
        return Slack(self.config, self.secrets, timeout, self.kept_host)

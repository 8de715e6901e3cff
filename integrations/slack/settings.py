"""What a person enters to connect a Slack app."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from integrations.connection import ConnectionModel

KIND = "slack"
SCOPES = (
    "chat:write",
    "commands",
    "im:write",
    "users:read",
    "users:read.email",
    "reactions:read",
    "channels:history",
    "groups:history",
    "im:history",
    "channels:read",
    "groups:read",
    "links:read",
    "links:write",
)
"""What the app needs; the manifest and the check of a connection are made of it."""
WITH_FILES = "files:read"
"""With it, files of pinned messages become attachments. The manifest asks for it, and nothing else fails without."""


def _plain_token(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    token = value.get_secret_value().strip()
    if not re.fullmatch(r"[!-~]+", token):
        raise ValueError("a token can't contain spaces or special characters")
    return SecretStr(token)


def _plain_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("expected an address such as https://slack.com, without credentials")
    return value.rstrip("/")


class SlackConfig(ConnectionModel):
    """Where Slack is, and whose."""

    base_url: Annotated[
        str,
        AfterValidator(_plain_address),
        Field(title="Slack address", description="Change it only for GovSlack (https://slack-gov.com)."),
    ] = "https://slack.com"
    workspace_id: Annotated[
        str,
        Field(
            title="Workspace",
            description="Its id (T…). Requests from other workspaces are refused.",
            pattern=r"^([A-Z0-9]{1,30})?$",
        ),
    ] = ""
    previews: Annotated[
        bool,
        Field(
            title="Previews",
            description=(
                "Show a preview of postmortems that everyone in the channel can see. If off, links show a neutral card."
            ),
        ),
    ] = True


class SlackSecrets(ConnectionModel):
    """What Slack knows us by, and we Slack. Both come after the app was made from the manifest."""

    token: Annotated[
        SecretStr | None,
        AfterValidator(_plain_token),
        Field(title="Bot token", description="xoxb-…, under OAuth & Permissions."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Signing secret",
            description=(
                "Under Basic Information. Required to accept requests. While you rotate it, enter both,"
                " separated by a comma."
            ),
        ),
    ] = None

"""What a person enters to connect a GitHub repository."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.outbound.client import Address, Token
from integrations.trackers.github.issues import NAME


class GithubConfig(ConnectionModel):
    """Where tickets are opened."""

    repository: Annotated[
        str,
        Field(
            title="Repository",
            description=(
                "As owner/name, such as acme/api. Without it, Afterword accepts webhooks but can't create tickets."
            ),
            pattern=f"^({NAME})?$",
        ),
    ] = ""
    base_url: Annotated[
        Address,
        Field(title="API address", description="For GitHub Enterprise: https://github.example.com/api/v3."),
    ] = "https://api.github.com"
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Added to every ticket that Afterword creates here."),
    ] = ()
    seconds_between_writes: Annotated[
        float,
        Field(title="Seconds between writes", description="GitHub asks for at least one second.", ge=0, le=60),
    ] = 1.0


class GithubSecrets(ConnectionModel):
    """What GitHub knows us by, and we GitHub."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal access token that can read and write issues there."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The secret of the webhook in GitHub. Required to accept webhooks. While you rotate it, enter"
                " both, separated by a comma."
            ),
        ),
    ] = None

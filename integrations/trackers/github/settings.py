"""What a person enters to connect a GitHub repository."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.http import Address, Token
from integrations.trackers.github.issues import NAME


class GithubConfig(ConnectionModel):
    """Where tickets are opened."""

    repository: Annotated[
        str,
        Field(
            title="Repository",
            description="As owner/name, such as acme/api. Without it, webhooks are taken but no tickets opened.",
            pattern=f"^({NAME})?$",
        ),
    ] = ""
    base_url: Annotated[
        Address,
        Field(title="API address", description="GitHub Enterprise: https://github.example.com/api/v3."),
    ] = "https://api.github.com"
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Put on every ticket that is opened here."),
    ] = ()
    seconds_between_writes: Annotated[
        float,
        Field(title="Seconds between writes", description="GitHub asks for one.", ge=0, le=60),
    ] = 1.0


class GithubSecrets(ConnectionModel):
    """What GitHub knows us by, and we GitHub."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal access token that may read and write issues there."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="The one entered at the webhook in GitHub; while it is replaced, both, with a comma between. "
            "Without it no webhook is believed.",
        ),
    ] = None

"""What a person enters to connect a Linear team."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.http import Address, Token


class LinearConfig(ConnectionModel):
    """Where tickets are opened."""

    team: Annotated[
        str,
        Field(
            title="Team",
            description="Its key, such as ENG, its name or its id. "
            "Without it, webhooks are taken but no tickets opened.",
        ),
    ] = ""
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Put on every ticket that is opened here; made where they do not exist."),
    ] = ()
    all_public_teams: Annotated[
        bool,
        Field(
            title="Hear all public teams",
            description="Our webhook tells of every public team, not of this one only: for tickets in several teams.",
        ),
    ] = False
    base_url: Annotated[Address, Field(title="API address", description="Without /graphql at its end.")] = (
        "https://api.linear.app"
    )


class LinearSecrets(ConnectionModel):
    """What Linear knows us by, and we Linear."""

    token: Annotated[
        Token,
        Field(title="API key", description="A personal API key (lin_api_…) or an OAuth token (lin_oauth_…)."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="The webhook's signing secret in Linear; while it is replaced, both, with a comma between. "
            "Without it no webhook is believed.",
        ),
    ] = None

"""What a person enters to connect a Linear team."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.outbound.client import Address, Token


class LinearConfig(ConnectionModel):
    """Where tickets are opened."""

    team: Annotated[
        str,
        Field(
            title="Team",
            description=(
                "The team's key (such as ENG), name, or id. Without it, Afterword accepts webhooks but can't"
                " create tickets."
            ),
        ),
    ] = ""
    team_id: Annotated[
        str,
        Field(
            title="Team ID",
            description="Afterword fills it in, and so still finds the team after its key was changed in Linear.",
        ),
    ] = ""
    labels: Annotated[
        tuple[str, ...],
        Field(
            title="Labels", description="Added to every ticket that Afterword creates here. Missing labels are created."
        ),
    ] = ()
    all_public_teams: Annotated[
        bool,
        Field(
            title="Webhook for all public teams",
            description=(
                "Receive changes from every public team instead of this one only. Turn it on if tickets"
                " go to several teams."
            ),
        ),
    ] = False
    base_url: Annotated[Address, Field(title="API address", description="Without /graphql at the end.")] = (
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
            description=(
                "The webhook's signing secret in Linear. Required to accept webhooks. While you rotate it,"
                " enter both, separated by a comma."
            ),
        ),
    ] = None

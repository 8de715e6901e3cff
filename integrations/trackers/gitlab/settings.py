"""What a person enters to connect a GitLab project."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.outbound.client import Address, Token
from integrations.trackers.gitlab.paths import _PATH


class GitlabConfig(ConnectionModel):
    """Where tickets are opened."""

    project: Annotated[
        str,
        Field(
            title="Project",
            description="As group/project. Without it, Afterword accepts webhooks but can't create tickets.",
            pattern=f"^({_PATH})?$",
        ),
    ] = ""
    base_url: Annotated[
        Address, Field(title="Address", description="The address of GitLab, such as https://gitlab.example.com.")
    ] = "https://gitlab.com"
    labels: Annotated[
        tuple[str, ...], Field(title="Labels", description="Added to every ticket that Afterword creates here.")
    ] = ()
    started_label: Annotated[
        str,
        Field(
            title="Label for in progress", description="An open ticket with this label is in progress.", min_length=1
        ),
    ] = "in progress"
    cancelled_label: Annotated[
        str,
        Field(title="Label for won't do", description="A closed ticket with this label won't be done.", min_length=1),
    ] = "won't do"
    duplicate_label: Annotated[
        str,
        Field(
            title="Label for duplicates", description="A closed ticket with this label is a duplicate.", min_length=1
        ),
    ] = "duplicate"


class GitlabSecrets(ConnectionModel):
    """What GitLab knows us by, and we GitLab."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal, project or group access token with the scope api."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The webhook's signing token (whsec_…) or secret token in GitLab. Required to accept webhooks."
                " While you rotate it, enter both, separated by a comma."
            ),
        ),
    ] = None

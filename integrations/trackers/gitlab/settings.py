"""What a person enters to connect a GitLab project."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.http import Address, Token
from integrations.trackers.gitlab.paths import _PATH


class GitlabConfig(ConnectionModel):
    """Where tickets are opened."""

    project: Annotated[
        str,
        Field(
            title="Project",
            description="As group/project. Without it, webhooks are taken but no tickets opened.",
            pattern=f"^({_PATH})?$",
        ),
    ] = ""
    base_url: Annotated[
        Address, Field(title="Address", description="Of GitLab itself, such as https://gitlab.example.com.")
    ] = "https://gitlab.com"
    labels: Annotated[
        tuple[str, ...], Field(title="Labels", description="Put on every ticket that is opened here.")
    ] = ()
    started_label: Annotated[
        str, Field(title="Label in progress", description="An open ticket that bears it is in progress.", min_length=1)
    ] = "in progress"
    cancelled_label: Annotated[
        str, Field(title="Label cancelled", description="A closed ticket that bears it was not done.", min_length=1)
    ] = "won't do"
    duplicate_label: Annotated[
        str, Field(title="Label duplicate", description="A closed ticket that bears it is another's.", min_length=1)
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
            description="The webhook's signing token (whsec_…) or secret token in GitLab; while it is replaced, both, "
            "with a comma between. Without it no webhook is believed.",
        ),
    ] = None

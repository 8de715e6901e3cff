"""What a person enters to connect a Jira site."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.http import Token

NOT_DONE = (
    "Won't Do",
    "Won't Fix",
    "Not Planned",
    "Cancelled",
    "Canceled",
    "Declined",
    "Rejected",
    "Duplicate",
    "Cannot Reproduce",
    "Obsolete",
    "Invalid",
    "Abandoned",
)


def _site_address(value: str) -> str:
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("expected an address such as https://acme.atlassian.net, without credentials")
    return value.rstrip("/")


class JiraConfig(ConnectionModel):
    """Where tickets are opened, and as whom."""

    base_url: Annotated[
        str,
        AfterValidator(_site_address),
        Field(
            title="Site",
            description="The site's address, such as https://acme.atlassian.net. Without it, webhooks are taken but no "
            "tickets opened; the same holds for the next two.",
        ),
    ] = ""
    email: Annotated[
        str,
        Field(
            title="E-mail",
            description="Of the account whose API token this is.",
            pattern=r"^([^@:\s]+@[^@\s]+)?$",
        ),
    ] = ""
    project: Annotated[
        str,
        Field(
            title="Project",
            description="The key of the project that tickets are opened in, such as OPS.",
            pattern=r"^([A-Za-z][A-Za-z0-9_]*|[0-9]+)?$",
        ),
    ] = ""
    issue_type: Annotated[
        str, Field(title="Issue type", description="Its name or number, such as Task.", min_length=1)
    ] = "Task"
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Put on every ticket that is opened here; a blank becomes a hyphen."),
    ] = ()
    not_done: Annotated[
        tuple[str, ...],
        Field(
            title="Words for work that was not done",
            description="Resolutions and statuses that mean that a closed ticket was cancelled. The first that a "
            "workflow offers is set.",
        ),
    ] = NOT_DONE
    webhook_filter: Annotated[
        str,
        Field(
            title="Webhook filter",
            description="JQL: the issues whose changes Jira tells us of. Empty: those of the project above. Name all "
            "projects here where tickets go to several.",
        ),
    ] = ""


class JiraSecrets(ConnectionModel):
    """What Jira knows us by, and we Jira."""

    api_token: Annotated[
        Token,
        Field(title="API token", description="Of that account, made at id.atlassian.com."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="The one entered at the webhook in Jira; while it is replaced, both, with a comma between. "
            "Without it no webhook is believed.",
        ),
    ] = None

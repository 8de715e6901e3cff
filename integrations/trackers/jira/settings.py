"""What a person enters to connect a Jira site."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.outbound.client import Token

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
            description=(
                "The site's URL, such as https://acme.atlassian.net. Without the site, the e-mail, and the"
                " project, Afterword accepts webhooks but can't create tickets."
            ),
        ),
    ] = ""
    email: Annotated[
        str,
        Field(
            title="E-mail",
            description="The e-mail of the account that owns the API token.",
            pattern=r"^([^@:\s]+@[^@\s]+)?$",
        ),
    ] = ""
    project: Annotated[
        str,
        Field(
            title="Project",
            description="The key of the project for new tickets, such as OPS.",
            pattern=r"^([A-Za-z][A-Za-z0-9_]*|[0-9]+)?$",
        ),
    ] = ""
    issue_type: Annotated[
        str, Field(title="Issue type", description="Its name or number, such as Task.", min_length=1)
    ] = "Task"
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Added to every ticket that Afterword creates here. Spaces become hyphens."),
    ] = ()
    not_done: Annotated[
        tuple[str, ...],
        Field(
            title="Resolutions for won't do",
            description=(
                "Resolutions and statuses of closed tickets that won't be done, by name in your site's language."
                " Resolutions may be numbers: test the connection to see which ones your site has. Afterword sets the"
                " first one that the workflow offers."
            ),
        ),
    ] = NOT_DONE
    duplicates: Annotated[
        tuple[str, ...],
        Field(
            title="Resolutions for duplicates",
            description="Resolutions and statuses of closed duplicates, listed in the same way.",
        ),
    ] = ("Duplicate",)
    webhook_filter: Annotated[
        str,
        Field(
            title="Webhook filter",
            description=(
                "JQL for the issues whose changes Jira sends. By default, the project above. If tickets go to"
                " several projects, include all of them."
            ),
        ),
    ] = ""


class JiraSecrets(ConnectionModel):
    """What Jira knows us by, and we Jira."""

    api_token: Annotated[
        Token,
        Field(title="API token", description="The account's API token, created at id.atlassian.com."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The secret of the webhook in Jira. Required to accept webhooks. While you rotate it, enter"
                " both, separated by a comma."
            ),
        ),
    ] = None

"""What a person enters to connect an Asana project."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.outbound.client import Address, Token

GID = r"[0-9]{1,32}"


def _names(title: str, description: str) -> object:
    return Field(title=title, description=description)


class AsanaConfig(ConnectionModel):
    """Where tasks are made, and by which names they stand where."""

    workspace: Annotated[
        str,
        Field(title="Workspace", description="Its gid: the number after /1/ in an address.", pattern=f"^({GID})?$"),
    ] = ""
    project: Annotated[
        str,
        Field(
            title="Project",
            description="Its gid: the number after /project/ in a URL. Tickets are created there.",
            pattern=f"^({GID})?$",
        ),
    ] = ""
    further_projects: Annotated[
        tuple[Annotated[str, Field(pattern=f"^{GID}$")], ...],
        Field(
            title="Further projects",
            description=(
                "Gids of other projects where tickets can be created. Only the first project sends webhooks;"
                " these are synced periodically."
            ),
        ),
    ] = ()
    base_url: Annotated[Address, Field(title="API address", description="Change it only if you use a proxy.")] = (
        "https://app.asana.com/api/1.0"
    )
    status_field: Annotated[
        str,
        Field(
            title="Status field",
            description="Gid of the project's single-select field for the status. If empty, sections are used.",
            pattern=f"^({GID})?$",
        ),
    ] = ""
    opened: Annotated[
        tuple[str, ...],
        _names("Open", "Names of sections or options for open tasks. The first one is used for new tasks."),
    ] = ("To do", "Backlog", "Open", "Not started")
    started: Annotated[
        tuple[str, ...], _names("Started", "Names that mean in progress. If empty, tasks are only open or done.")
    ] = ("Doing", "In progress", "Started")
    done: Annotated[tuple[str, ...], _names("Done", "Names that mean done.")] = ("Done", "Complete", "Completed")
    cancelled: Annotated[tuple[str, ...], _names("Not planned", "Names (or tags) of tasks that won't be done.")] = (
        "Won't do",
        "Cancelled",
        "Canceled",
        "Not planned",
    )
    duplicate: Annotated[tuple[str, ...], _names("Duplicate", "Names (or tags) of duplicate tasks.")] = ("Duplicate",)
    oauth_app: Annotated[
        bool,
        Field(
            title="OAuth app",
            description=(
                "Turn this on if the token belongs to an OAuth app: Afterword's marker then stays out of the"
                " description. Leave it off for a personal access token."
            ),
        ),
    ] = False


class AsanaSecrets(ConnectionModel):
    """What Asana knows us by, and signs with."""

    token: Annotated[
        Token,
        Field(title="Token", description="A token of a person, a service account, or an OAuth app."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="Asana sets it when the webhook is created. Required to accept webhooks.",
        ),
    ] = None

"""What a person enters to connect an Asana project."""

from typing import Annotated

from pydantic import Field, SecretStr

from integrations.connection import ConnectionModel
from integrations.http import Address, Token

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
            description="Its gid: the number after /project/ in an address. Tickets are made there.",
            pattern=f"^({GID})?$",
        ),
    ] = ""
    further_projects: Annotated[
        tuple[Annotated[str, Field(pattern=f"^{GID}$")], ...],
        Field(
            title="Further projects",
            description="Gids of projects where tickets may be made, too. Webhooks come from the first project alone; "
            "these are compared from time to time.",
        ),
    ] = ()
    base_url: Annotated[Address, Field(title="API address", description="Asana's own, unless a proxy is between.")] = (
        "https://app.asana.com/api/1.0"
    )
    status_field: Annotated[
        str,
        Field(
            title="Status field",
            description="Gid of the project's single-select field that holds the status; empty: the sections do.",
            pattern=f"^({GID})?$",
        ),
    ] = ""
    opened: Annotated[
        tuple[str, ...],
        _names("Open", "Names of the sections, or options, where open tasks are; the first one is used."),
    ] = ("To do", "Backlog", "Open", "Not started")
    started: Annotated[
        tuple[str, ...], _names("Started", "Names that mean in progress. Empty: tasks are only open or done.")
    ] = ("Doing", "In progress", "Started")
    done: Annotated[tuple[str, ...], _names("Done", "Names where done tasks are.")] = ("Done", "Complete", "Completed")
    cancelled: Annotated[
        tuple[str, ...], _names("Not planned", "Names, also of tags, that tell a done task from a dropped one.")
    ] = ("Won't do", "Cancelled", "Canceled", "Not planned")
    duplicate: Annotated[
        tuple[str, ...], _names("Duplicate", "Names, also of tags, of a task dropped for another.")
    ] = ("Duplicate",)
    oauth_app: Annotated[
        bool,
        Field(
            title="OAuth app",
            description="The token is an OAuth app's: our marker is then kept out of the description. "
            "Leave it off for a personal access token.",
        ),
    ] = False


class AsanaSecrets(ConnectionModel):
    """What Asana knows us by, and signs with."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal access token, a service account's, or an OAuth app's."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="Asana chooses it when our webhook is made. Without it no webhook is believed.",
        ),
    ] = None

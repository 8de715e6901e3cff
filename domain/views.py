"""Saved views of lists: which lists and columns there are, and who may see and change a view."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from domain.access import Viewer
from domain.errors import NotAllowed


class ListName(StrEnum):
    POSTMORTEMS = "postmortems"
    ACTION_ITEMS = "action-items"
    INCIDENTS = "incidents"


class Audience(StrEnum):
    """With whom a view is shared."""

    ME = "ME"
    TEAM = "TEAM"
    ORGANIZATION = "ORGANIZATION"


class Layout(StrEnum):
    TABLE = "table"
    CARDS = "cards"
    BOARD = "board"


LAYOUTS: Mapping[ListName, tuple[Layout, ...]] = {
    ListName.POSTMORTEMS: (Layout.TABLE, Layout.CARDS),
    ListName.ACTION_ITEMS: (Layout.TABLE, Layout.BOARD),
    ListName.INCIDENTS: (Layout.TABLE, Layout.CARDS),
}
"""The first one is shown until somebody chooses another one."""

COLUMNS: Mapping[ListName, Mapping[str, str]] = {
    ListName.POSTMORTEMS: {
        "status": "Status",
        "author": "Author",
        "teams": "Teams",
        "services": "Services",
        "items": "Action items",
        "due": "Next target",
        "rootCauseCategory": "Root cause",
        "tags": "Tags",
        "visibility": "Visibility",
        "createdAt": "Created",
        "updatedAt": "Updated",
        "publishedAt": "Published",
    },
    ListName.ACTION_ITEMS: {
        "owner": "Owner",
        "dueDate": "Due",
        "priority": "Priority",
        "status": "Status",
        "type": "Type",
        "tickets": "Ticket",
        "postmortem": "Postmortem",
        "dueDateMoves": "Rescheduled",
        "createdAt": "Created",
        "completedAt": "Completed",
    },
    ListName.INCIDENTS: {
        "status": "Status",
        "urgency": "Urgency",
        "services": "Services",
        "team": "Team",
        "startedAt": "Started",
        "duration": "Duration",
        "decision": "Postmortem needed",
        "postmortem": "Postmortem",
        "source": "Source",
        "createdAt": "Reported",
        "updatedAt": "Updated",
    },
}
"""What each list can show beside its first column, which names the row; in the order of the table."""

DEFAULT_COLUMNS: Mapping[ListName, tuple[str, ...]] = {
    ListName.POSTMORTEMS: ("status", "author", "services", "items", "due", "createdAt"),
    ListName.ACTION_ITEMS: ("owner", "dueDate", "priority", "status", "tickets", "postmortem"),
    ListName.INCIDENTS: ("status", "urgency", "services", "startedAt", "duration", "postmortem"),
}

ITEM_SORTS = ("dueDate", "createdAt", "priority", "status", "description")
OF_PAGES: Mapping[ListName, Mapping[str, Sequence[str]]] = {
    ListName.POSTMORTEMS: {"layout": LAYOUTS[ListName.POSTMORTEMS]},
    ListName.ACTION_ITEMS: {
        "layout": LAYOUTS[ListName.ACTION_ITEMS],
        "show": ("open", "overdue", "completed", "done", "all"),
        "whose": ("all", "mine", "teams"),
        "sort": (*ITEM_SORTS, *(f"-{one}" for one in ITEM_SORTS)),
    },
    ListName.INCIDENTS: {"layout": LAYOUTS[ListName.INCIDENTS]},
}
"""Parameters of a list's page that its API doesn't have, with their values. A view's query can hold them, too."""


def may_change(viewer: Viewer, owner_id: str, audience: Audience) -> bool:
    """Its owner may; administrators may change and delete what is shared."""
    return viewer.person_id == owner_id or (viewer.is_admin and audience is not Audience.ME)


def check_may_change(viewer: Viewer, owner_id: str, audience: Audience) -> None:
    """Raises NotAllowed."""
    if not may_change(viewer, owner_id, audience):
        raise NotAllowed(action="change this view", who="its owner or an administrator")


def check_may_share_with(viewer: Viewer, audience: Audience, team_id: str | None) -> None:
    """Members of a team share with it, administrators with every team. Raises NotAllowed."""
    if audience is Audience.TEAM and team_id not in viewer.team_ids and not viewer.is_admin:
        raise NotAllowed(action="share a view with a team that you don't belong to", who="a member of the team")

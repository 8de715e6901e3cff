"""Saving, changing and deleting views of lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from application.audit.audit_log import audit, change_row
from domain.access import Viewer
from domain.errors import AlreadyExists, UnknownReference, ViewNeedsTeam
from domain.views import COLUMNS, LAYOUTS, Audience, Layout, ListName, check_may_change, check_may_share_with
from models.base import new_id
from models.queries import views
from models.queries.people import teams
from models.session import Session
from models.view import SavedView

KIND = "view"


async def add_view(session: Session, viewer: Viewer, values: Mapping[str, Any]) -> SavedView:
    """``values`` are columns. Raises ViewNeedsTeam, NotAllowed, UnknownReference, AlreadyExists."""
    given = {**values, **await _shared(session, viewer, Audience(values["shared_with"]), values.get("team_id"))}
    row = await views.insert_view(session, id=new_id("view"), owner_id=viewer.person_id, **given)
    if row is None:
        raise AlreadyExists(kind="view", field="name", value=values["name"])
    audit(session, viewer, "view.created", KIND, row.id, after=given)
    return row


async def change_view(
    session: Session, viewer: Viewer, view_id: str, changes: Mapping[str, Any], expected: int | None
) -> SavedView:
    """Raises NotFound, NotAllowed, StaleVersion, AlreadyExists, and what :func:`add_view` raises about sharing."""
    row = await views.get_view(session, viewer, view_id, lock=True)
    check_may_change(viewer, row.owner_id, Audience(row.shared_with))
    wanted = dict(changes)
    if wanted.keys() & {"shared_with", "team_id"}:
        audience, team_id = Audience(wanted.get("shared_with", row.shared_with)), wanted.get("team_id", row.team_id)
        wanted |= await _shared(session, viewer, audience, team_id)
    if "name" in wanted:
        holder = await views.find_id_by_name(session, row.owner_id, wanted["name"], row.of_list)
        if holder not in {None, row.id}:
            raise AlreadyExists(kind="view", field="name", value=wanted["name"])
    change_row(session, viewer, KIND, row, wanted, expected)
    await session.flush()
    return row


async def delete_view(session: Session, viewer: Viewer, view_id: str) -> None:
    """Raises NotFound, NotAllowed."""
    row = await views.get_view(session, viewer, view_id, lock=True)
    check_may_change(viewer, row.owner_id, Audience(row.shared_with))
    audit(session, viewer, "view.deleted", KIND, row.id, before={"name": row.name, "query": row.query})
    await views.delete_view(session, view_id)


async def choose_display(
    session: Session, viewer: Viewer, name: ListName, layout: Layout | None, columns: Sequence[str]
) -> None:
    """Remembers how the viewer looks at a list. A layout or a column that the list doesn't have is ignored."""
    known = [one for one in COLUMNS[name] if one in columns]
    fitting = layout if layout in LAYOUTS[name] else LAYOUTS[name][0]
    await views.set_choice(session, viewer.person_id, name, fitting, known)


async def _shared(session: Session, viewer: Viewer, audience: Audience, team_id: str | None) -> dict[str, Any]:
    """The columns that say with whom; a team only where it is shared with one."""
    if audience is not Audience.TEAM:
        return {"shared_with": audience.value, "team_id": None}
    if team_id is None:
        raise ViewNeedsTeam()
    if await teams.find_team(session, team_id) is None:
        raise UnknownReference(field="teamId", kind="team", id=team_id)
    check_may_share_with(viewer, audience, team_id)
    return {"shared_with": audience.value, "team_id": team_id}

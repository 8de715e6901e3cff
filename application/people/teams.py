"""Adding and changing teams and their members."""

from collections.abc import Iterable, Mapping
from typing import Any

from application.audit.audit_log import audit, change_row
from application.people.references import check_people, check_teams
from domain.access import Viewer
from domain.errors import AlreadyExists
from models.base import new_id
from models.queries.notifications.outbox import requeue
from models.queries.people import teams
from models.session import Session
from models.team import Team


async def create_team(
    session: Session, viewer: Viewer, *, name: str, lead_id: str | None, member_ids: Iterable[str]
) -> str:
    """The id of the new team. Raises AlreadyExists or UnknownReference."""
    team = await add_team(session, viewer, team_id=new_id("team"), name=name, lead_id=lead_id, member_ids=member_ids)
    audit(session, viewer, "team.created", "team", team.id, after={"name": name})
    return team.id


async def add_team(
    session: Session,
    viewer: Viewer | None = None,
    *,
    team_id: str,
    name: str,
    lead_id: str | None,
    member_ids: Iterable[str],
) -> Team:
    """The lead becomes a member, too. Raises AlreadyExists or UnknownReference."""
    if lead_id:
        await check_people(session, "leadId", [lead_id])
    team = await teams.insert_team(session, team_id=team_id, name=name, lead_id=lead_id)
    if team is None:
        raise AlreadyExists(kind="team", field="name", value=name)
    await set_members(session, viewer, team_id, [*member_ids, *([lead_id] if lead_id else [])])
    return team


async def change_team(
    session: Session, viewer: Viewer, team_id: str, changes: Mapping[str, Any], expected: int | None
) -> None:
    """Pending notices to the team are planned again. Raises NotFound, StaleVersion, UnknownReference, AlreadyExists."""
    team = await teams.get_team_for_update(session, team_id)
    columns = {name: value for name, value in changes.items() if name != "member_ids"}
    if columns.get("lead_id"):
        await check_people(session, "leadId", [columns["lead_id"]])
    if name := columns.get("name"):
        holder = await teams.find_id_by_name(session, name)
        if holder is not None and holder != team_id:
            raise AlreadyExists(kind="team", field="name", value=name)
    change_row(session, viewer, "team", team, columns, expected)
    await session.flush()
    if (member_ids := changes.get("member_ids")) is not None:
        await set_members(session, viewer, team_id, member_ids)
    await requeue(session, team_id)


async def change_members(
    session: Session, viewer: Viewer, team_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> None:
    """Adds and removes these members, and leaves all others as they are. Raises NotFound or UnknownReference."""
    await teams.get_team_for_update(session, team_id)
    current = (await teams.members_of(session, [team_id])).get(team_id, [])
    gone = set(remove)
    await set_members(session, viewer, team_id, [*(one for one in current if one not in gone), *add])
    await requeue(session, team_id)


async def set_members(session: Session, viewer: Viewer | None, team_id: str, person_ids: Iterable[str]) -> None:
    """Audits the change, if there is one: members of a team may see what the team may see."""
    wanted = list(dict.fromkeys(person_ids))
    await check_people(session, "memberIds", wanted)
    before = (await teams.members_of(session, [team_id])).get(team_id, [])
    await teams.replace_members(session, team_id, wanted)
    if set(wanted) != set(before):
        old, new = {"memberIds": before}, {"memberIds": sorted(wanted)}
        audit(session, viewer, "team.members_changed", "team", team_id, before=old, after=new)


async def set_teams_of(session: Session, viewer: Viewer, person_id: str, team_ids: Iterable[str]) -> None:
    """Audits the change, if there is one. Raises UnknownReference."""
    wanted = list(dict.fromkeys(team_ids))
    await check_teams(session, "teamIds", wanted)
    before = await teams.list_teams_of(session, person_id)
    await teams.replace_teams_of(session, person_id, wanted)
    if set(wanted) != set(before):
        old, new = {"teamIds": before}, {"teamIds": sorted(wanted)}
        audit(session, viewer, "user.teams_changed", "user", person_id, before=old, after=new)

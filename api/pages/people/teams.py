"""Teams: their leads and members, the channel where each is notified, its meeting room, and its review slot."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from api.pages.form_fields import sent_version, zone_names
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import picked
from api.shapes.base import PathId, ask
from api.shapes.people import TeamNew, TeamPatch
from api.shapes.policies import WEEK, clock_of
from application.people import teams as use_cases
from application.people.lookup import find_typed_person
from application.people.team_channels import NO_CHANNEL, channel_columns
from domain.errors import DomainError
from integrations import registry
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.people import people, services, teams
from models.team import Team

routes = router()

LIST = "/settings/teams"
FIELDS = (
    *("name", "lead", "channel", "channelAddress", "roomKind", "roomUrl"),
    *("slotDay", "slotOpens", "slotMinutes", "slotZone", "postmortems"),
)


@routes.get(LIST)
async def list_teams(visit: Visiting, page: Annotated[Ask, Depends(ask)]) -> Response:
    session = visit.context.session
    found = await teams.list_teams(session, page)
    channels = await connections.names_of(session, [one.channel_id for one in found.items if one.channel_id])
    return await show(
        visit,
        "people/teams.html",
        teams=found.items,
        next_cursor=found.next_cursor,
        leads=await people.people_by_id(session, [one.lead_id for one in found.items]),
        counts=await teams.count_members(session, [one.id for one in found.items]),
        channels=channels,
    )


@routes.get(f"{LIST}/new")
async def new(visit: Visiting) -> Response:
    return await _new_form(visit)


async def _new_form(visit: Visit, refusal: DomainError | None = None) -> Response:
    visit.context.require_admin("add a team")
    return await show(visit, "people/new_team.html", refusal)


@routes.post(f"{LIST}/new")
async def create(visit: Visiting) -> Response:
    context = visit.context
    context.require_admin("add a team")
    made: list[str] = []

    async def work() -> None:
        lead_id = await _lead(visit)
        given = read_form(TeamNew, {"name": visit.form.get("name", ""), "leadId": lead_id})
        team_id = await use_cases.create_team(
            context.session, context.viewer, name=given.name, lead_id=given.lead_id, member_ids=()
        )
        made.append(team_id)

    if refusal := await attempted(visit, work()):
        return await _new_form(visit, refusal)
    return to(f"{LIST}/{made[0]}?saved=1")


async def _lead(visit: Visit) -> str | None:
    """Raises UnknownReference, AmbiguousPerson."""
    typed = visit.form.get("lead", "").strip()
    return (await find_typed_person(visit.context.session, "lead", typed)).id if typed else None


@routes.get(f"{LIST}/{{team_id}}")
async def show_team(visit: Visiting, team_id: PathId, saved: Annotated[str, Query(max_length=1)] = "") -> Response:
    return await _shown(visit, team_id, saved=saved == "1")


async def _shown(visit: Visit, team_id: str, refusal: DomainError | None = None, *, saved: bool = False) -> Response:
    session = visit.context.session
    team = await teams.get_team(session, team_id)
    member_ids = (await teams.members_of(session, [team_id])).get(team_id, [])
    named = await people.people_by_id(session, [*member_ids, team.lead_id])
    channels = await _channels(visit)
    own_channel = await connections.names_of(session, [team.channel_id] if team.channel_id else [])
    stored = _stored(team, picked(named[team.lead_id]) if team.lead_id in named else "")
    is_typed = refusal is not None and visit.form.get("form") == "team"
    return await show(
        visit,
        "people/team.html",
        refusal,
        team=team,
        lead=named.get(team.lead_id or ""),
        members=sorted((named[one] for one in member_ids), key=lambda one: one.name.lower()),
        services=(await services.list_services(session, Ask(200), team_id=team_id)).items,
        channels=channels | own_channel,
        given={name: visit.form.get(name, "") for name in FIELDS} if is_typed else stored,
        saved=saved,
        week=WEEK,
        zones=zone_names(team.slot_zone or ""),
    )


async def _channels(visit: Visit) -> dict[str, str]:
    """Names of the connections that send messages."""
    found = await connections.list_integrations(visit.context.session, Ask(200))
    return {one.id: one.name for one in found.items if one.kind in registry.notifier_kinds()}


def _stored(team: Team, lead: str) -> dict[str, str]:
    return {
        "name": team.name,
        "lead": lead,
        "channel": team.channel_id or "",
        "channelAddress": team.channel_address or "",
        "roomKind": team.room_kind or "",
        "roomUrl": team.room_url or "",
        "slotDay": WEEK[team.slot_weekday - 1].value if team.slot_weekday else "",
        "slotOpens": clock_of(team.slot_opens) if team.slot_opens is not None else "",
        "slotMinutes": str(team.slot_minutes or ""),
        "slotZone": team.slot_zone or "",
        "postmortems": "yes" if team.postmortems_enabled else "no",
    }


@routes.post(f"{LIST}/{{team_id}}")
async def save(visit: Visiting, team_id: PathId) -> Response:
    context = visit.context
    context.require_admin("change a team")

    async def work() -> None:
        given = read_form(TeamPatch, _sent(visit.form) | {"leadId": await _lead(visit)})
        changes = given.columns() | NO_CHANNEL
        if given.channel:
            changes |= await channel_columns(context.session, given.channel.integration_id, given.channel.address)
        await use_cases.change_team(context.session, context.viewer, team_id, changes, sent_version(visit.form))

    if refusal := await attempted(visit, work()):
        return await _shown(visit, team_id, refusal)
    return to(f"{LIST}/{team_id}?saved=1")


def _sent(form: Mapping[str, str]) -> dict[str, Any]:
    """In the API's shape. What was left empty is removed."""
    channel, room, day = form.get("channel", ""), form.get("roomUrl", "").strip(), form.get("slotDay", "")
    slot = {"weekday": day, "opens": form.get("slotOpens", ""), "minutes": form.get("slotMinutes") or 45}
    return {
        "name": form.get("name", ""),
        "channel": {"integrationId": channel, "address": form.get("channelAddress", "")} if channel else None,
        "room": {"kind": form.get("roomKind", "").strip() or "link", "url": room} if room else None,
        "reviewSlot": {**slot, "timeZone": form.get("slotZone") or "UTC"} if day else None,
        **({"postmortemsEnabled": form["postmortems"] == "yes"} if "postmortems" in form else {}),
    }


@routes.post(f"{LIST}/{{team_id}}/members")
async def add_member(visit: Visiting, team_id: PathId) -> Response:
    async def work() -> None:
        person = await find_typed_person(visit.context.session, "person", visit.form.get("person", ""))
        await _change_members(visit, team_id, add=[person.id])

    return await _answered(visit, team_id, work)


@routes.post(f"{LIST}/{{team_id}}/members/{{person_id}}/remove")
async def remove_member(visit: Visiting, team_id: PathId, person_id: PathId) -> Response:
    return await _answered(visit, team_id, partial(_change_members, visit, team_id, remove=[person_id]))


async def _change_members(visit: Visit, team_id: str, **change: list[str]) -> None:
    await use_cases.change_members(visit.context.session, visit.context.viewer, team_id, **change)


async def _answered(visit: Visit, team_id: str, work: Callable[[], Awaitable[None]]) -> Response:
    visit.context.require_admin("change a team")
    if refusal := await attempted(visit, work()):
        return await _shown(visit, team_id, refusal)
    return to(f"{LIST}/{team_id}#members")

"""Teams, their members, and the channel where each is notified."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.people import ChannelShape, TeamNew, TeamOut, TeamPatch, team_out
from api.v1.routing import router
from application.people import teams
from application.people.team_channels import NO_CHANNEL, channel_columns
from models.queries.pagination import Ask
from models.queries.people import teams as team_queries

routes: APIRouter = router("people", prefix="")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("/teams")
async def list_teams(context: Context, page: Paging) -> Listing[TeamOut]:
    """Lists teams, with their members."""
    found = await team_queries.list_teams(context.session, page)
    members = await team_queries.members_of(context.session, [one.id for one in found.items])
    return Listing(items=[team_out(one, members.get(one.id, [])) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/teams", status_code=201)
async def create_team(context: Context, given: TeamNew, response: Response) -> TeamOut:
    """Creates a team."""
    context.require_admin("add a team")
    team_id = await teams.create_team(
        context.session,
        context.viewer,
        name=given.name,
        lead_id=given.lead_id,
        member_ids=given.member_ids,
    )
    response.headers["Location"] = f"/api/teams/{team_id}"
    return await _read_team(context, team_id, response)


@routes.get("/teams/{team_id}")
async def get_team(context: Context, team_id: PathId, response: Response) -> TeamOut:
    """Returns a team, with its members."""
    return await _read_team(context, team_id, response)


@routes.patch("/teams/{team_id}")
async def update_team(
    context: Context, team_id: PathId, given: TeamPatch, response: Response, if_match: IfMatch = None
) -> TeamOut:
    """Changes a team: its name, lead, members, channel, or room."""
    context.require_admin("change a team")
    await given.check_unchanged(lambda: _read_team(context, team_id, response))
    changes = given.columns()
    if "channel" in given.model_fields_set:
        changes |= await _channel_columns(context, given.channel)
    await teams.change_team(context.session, context.viewer, team_id, changes, expected_version(if_match))
    return await _read_team(context, team_id, response)


async def _channel_columns(context: RequestContext, given: ChannelShape | None) -> dict[str, Any]:
    return await channel_columns(context.session, given.integration_id, given.address) if given else NO_CHANNEL


async def _read_team(context: RequestContext, team_id: str, response: Response) -> TeamOut:
    team = await team_queries.get_team(context.session, team_id)
    tag(response, team.version)
    return team_out(team, (await team_queries.members_of(context.session, [team_id])).get(team_id, []))

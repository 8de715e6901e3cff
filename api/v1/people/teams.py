"""Teams, their members, and the channel where each is notified."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.people import NO_SLOT, ChannelShape, TeamNew, TeamOut, TeamPatch, team_out
from api.v1.routing import router
from application.people import teams
from domain.errors import Malformed, UnknownReference, reason
from integrations import registry
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.people import teams as team_queries

routes: APIRouter = router("people", prefix="")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("/teams")
async def list_teams(context: Context, page: Paging) -> Listing[TeamOut]:
    found = await team_queries.list_teams(context.session, page)
    members = await team_queries.members_of(context.session, [one.id for one in found.items])
    return Listing(items=[team_out(one, members.get(one.id, [])) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/teams", status_code=201)
async def create_team(context: Context, given: TeamNew, response: Response) -> TeamOut:
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
    return await _read_team(context, team_id, response)


@routes.patch("/teams/{team_id}")
async def change_team(
    context: Context, team_id: PathId, given: TeamPatch, response: Response, if_match: IfMatch = None
) -> TeamOut:
    context.require_admin("change a team")
    await given.check_unchanged(lambda: _read_team(context, team_id, response))
    changes = given.given()
    if "channel" in changes:
        del changes["channel"]
        changes |= await _channel(context, given.channel)
    if "room" in changes:
        del changes["room"]
        changes |= {"room_kind": given.room and given.room.kind, "room_url": given.room and given.room.url}
    if "review_slot" in changes:
        del changes["review_slot"]
        changes |= given.review_slot.columns() if given.review_slot else NO_SLOT
    await teams.change_team(context.session, context.viewer, team_id, changes, expected_version(if_match))
    return await _read_team(context, team_id, response)


async def _channel(context: RequestContext, given: ChannelShape | None) -> dict[str, Any]:
    """Raises UnknownReference, or Malformed if the connection does not send messages."""
    if given is None:
        return {"channel_id": None, "channel_address": None}
    row = await connections.find_integration(context.session, given.integration_id)
    if row is None:
        raise UnknownReference(field="channel.integrationId", kind="integration", id=given.integration_id)
    if row.kind not in registry.notifier_kinds():
        words = f"A connection of kind {row.kind} doesn't send messages. Choose one that does."
        raise Malformed(reasons=[reason("channel", words, where="body.channel.integrationId")])
    return {"channel_id": row.id, "channel_address": given.address}


async def _read_team(context: RequestContext, team_id: str, response: Response) -> TeamOut:
    team = await team_queries.get_team(context.session, team_id)
    tag(response, team.version)
    return team_out(team, (await team_queries.members_of(context.session, [team_id])).get(team_id, []))

"""Participants and teams of a postmortem, and those that incident reports propose."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import Listing, PathId
from api.shapes.participants import ParticipantIn, ParticipantOut, PostmortemTeamOut, participant_out, team_out
from api.v1.routing import router
from application.postmortems import participants
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("discussion", prefix="/postmortems/{postmortem_id}")


@routes.get("/participants")
async def list_participants(context: Context, postmortem_id: PathId) -> Listing[ParticipantOut]:
    """Lists participants, and people whom an incident report proposes: they have no access until they are confirmed."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    found = await participants.list_participants(context.session, visible)
    return Listing(items=[participant_out(one) for one in found])


@routes.post("/participants", status_code=201)
async def add_participant(context: Context, postmortem_id: PathId, given: ParticipantIn) -> ParticipantOut:
    """Adds a participant, who can see the postmortem from then on."""
    added = await participants.add_participant(
        context.session, context.viewer, postmortem_id, given.user_id, context.now
    )
    return participant_out(added)


@routes.post("/participants/{user_id}/confirm")
async def confirm_participant(context: Context, postmortem_id: PathId, user_id: PathId) -> ParticipantOut:
    """Gives a proposed person access. Confirming a participant changes nothing."""
    confirmed = await participants.confirm_participant(
        context.session, context.viewer, postmortem_id, user_id, context.now
    )
    return participant_out(confirmed)


@routes.delete("/participants/{user_id}", status_code=204)
async def remove_participant(context: Context, postmortem_id: PathId, user_id: PathId) -> None:
    """Removes a participant or dismisses a proposed one; no later report proposes them again. You can always remove
    yourself."""
    await participants.remove_participant(context.session, context.viewer, postmortem_id, user_id, context.now)


@routes.get("/teams")
async def list_postmortem_teams(context: Context, postmortem_id: PathId) -> Listing[PostmortemTeamOut]:
    """Lists the postmortem's teams, and teams that an incident report proposes."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    found = await participants.list_teams(context.session, visible)
    return Listing(items=[team_out(one) for one in found])


@routes.post("/teams/{team_id}/confirm")
async def confirm_postmortem_team(context: Context, postmortem_id: PathId, team_id: PathId) -> PostmortemTeamOut:
    """Adds a proposed team: its members get access if the visibility is TEAM."""
    confirmed = await participants.confirm_team(context.session, context.viewer, postmortem_id, team_id, context.now)
    context.start_workflow_after_commit(postmortem_id)
    return team_out(confirmed)


@routes.delete("/teams/{team_id}", status_code=204)
async def dismiss_postmortem_team(context: Context, postmortem_id: PathId, team_id: PathId) -> None:
    """Dismisses a proposed team. Change ``teamIds`` of the postmortem to remove one that it has."""
    await participants.dismiss_team(context.session, context.viewer, postmortem_id, team_id, context.now)

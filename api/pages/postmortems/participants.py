"""People and teams that incident reports propose for a postmortem, as buttons beside it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from fastapi import Response

from api.pages.postmortems.form_answers import answered
from api.pages.routing import Visit, Visiting, router
from api.shapes.base import PathId
from application.postmortems import participants
from domain.access import Viewer
from models.session import Session

routes = router()

Decide = Callable[[Session, Viewer, str, str, datetime], Awaitable[Any]]
SPOT = "#people"


@routes.post("/postmortems/{postmortem_id}/participants/{user_id}/confirm")
async def confirm_participant(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    return await _decide(visit, participants.confirm_participant, postmortem_id, user_id)


@routes.post("/postmortems/{postmortem_id}/participants/{user_id}/remove")
async def remove_participant(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    return await _decide(visit, participants.remove_participant, postmortem_id, user_id)


@routes.post("/postmortems/{postmortem_id}/teams/{team_id}/confirm")
async def confirm_team(visit: Visiting, postmortem_id: PathId, team_id: PathId) -> Response:
    visit.context.start_workflow_after_commit(postmortem_id)
    return await _decide(visit, participants.confirm_team, postmortem_id, team_id)


@routes.post("/postmortems/{postmortem_id}/teams/{team_id}/remove")
async def dismiss_team(visit: Visiting, postmortem_id: PathId, team_id: PathId) -> Response:
    return await _decide(visit, participants.dismiss_team, postmortem_id, team_id)


async def _decide(visit: Visit, decide: Decide, postmortem_id: str, subject_id: str) -> Response:
    context = visit.context
    work = decide(context.session, context.viewer, postmortem_id, subject_id, context.now)
    return await answered(visit, postmortem_id, work, SPOT)

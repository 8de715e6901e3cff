"""When a review meeting could be, who should come, and what it would be about."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.request_context import Context
from api.shapes.base import PathId
from api.shapes.meetings import MeetingSuggestionOut, Minutes, suggestion_out
from api.v1.routing import router
from application.meetings import suggestions

routes: APIRouter = router("meetings", prefix="/postmortems/{postmortem_id}/meetings")


@routes.get("/suggestion")
async def suggest_meeting(
    context: Context, postmortem_id: PathId, minutes: Annotated[Minutes, Query(alias="durationMinutes")] = 45
) -> MeetingSuggestionOut:
    """Suggests people with the reason, up to five times that suit them, best first, and an agenda. The times lie before
    the target of the review where any does. Nights, holidays, and absences of those who are required are left out."""
    parts, asker, now = context.parts, context.viewer.person_id, context.now
    base_url = parts.settings.base_url
    loaded = await suggestions.load_suggestion(
        context.session, context.viewer, postmortem_id, minutes, context.now, base_url
    )
    found = await context.between_transactions(
        lambda: suggestions.finish(parts.sessions, parts.keyring, loaded, asker, now)
    )
    return suggestion_out(found)

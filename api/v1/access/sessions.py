"""Your own web sessions, and those of others for administrators."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.access import SessionOut, session_out
from api.shapes.base import Listing, PathId
from api.v1.routing import router
from application.access import sessions
from models.queries.people import people

routes: APIRouter = router("people", prefix="")


@routes.get("/me/sessions")
async def list_sessions(context: Context) -> Listing[SessionOut]:
    """Lists where you are signed in to the web pages, the session that was used last first."""
    found = await sessions.list_sessions(context.session, context.viewer, context.now)
    return Listing(items=[session_out(one, context.credential.token_id) for one in found])


@routes.delete("/me/sessions/{session_id}", status_code=204)
async def end_session(context: Context, session_id: PathId) -> None:
    """Ends one of your sessions right away."""
    await sessions.end_session(context.session, context.viewer, session_id, context.now)


@routes.delete("/users/{user_id}/sessions", status_code=204)
async def end_user_sessions(context: Context, user_id: PathId) -> None:
    """Ends all web sessions of a person. Their API tokens stay valid. Administrators only."""
    context.require_admin("end other people's sessions")
    person = await people.get_person(context.session, user_id)
    await sessions.end_sessions_of(context.session, context.viewer, person.id, context.now)

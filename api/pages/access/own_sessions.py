"""The page of one's own sessions: where one is signed in, and ending that."""

from fastapi import Response

from api.pages import sessions as cookies
from api.pages.routing import Visiting, router, to
from api.pages.showing import show
from api.shapes.access import session_out
from api.shapes.base import PathId
from application.access import sessions

routes = router()

PATH = "/settings/sessions"


@routes.get(PATH)
async def list_sessions(visit: Visiting) -> Response:
    context = visit.context
    found = await sessions.list_sessions(context.session, context.viewer, context.now)
    ended = visit.request.query_params.get("ended", "")
    return await show(
        visit,
        "access/sessions.html",
        sessions=[session_out(one, context.credential.token_id) for one in found],
        ended=ended if ended.isdigit() and len(ended) < 5 else "",
    )


@routes.post(PATH + "/end-others")
async def end_others(visit: Visiting) -> Response:
    context = visit.context
    count = await sessions.end_other_sessions(context.session, context.viewer, context.credential.token_id, context.now)
    return to(f"{PATH}?ended={count}")


@routes.post(PATH + "/{session_id}/end")
async def end_session(visit: Visiting, session_id: PathId) -> Response:
    context = visit.context
    await sessions.end_session(context.session, context.viewer, session_id, context.now)
    if session_id != context.credential.token_id:
        return to(f"{PATH}?ended=1")
    response = to("/sign-in")
    cookies.forget(response)
    return response

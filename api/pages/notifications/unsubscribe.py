"""The unsubscribe link of every digest: one click in a mail program, or a page with a button (RFC 8058).

The link grants nothing else. Opening it changes nothing, because mail programs open links.
"""

from fastapi import APIRouter, Request, Response

from api.attempts import count_attempt
from api.rendering import render
from api.request_context import Parts
from application.access.attempts import Guess
from application.notifications import preferences
from domain.errors import NotFound, TooManyAttempts

routes = APIRouter(include_in_schema=False)


@routes.get("/unsubscribe/{token}")
async def ask(request: Request, token: str) -> Response:
    await _person_id(request, token)
    return render("notifications/unsubscribe.html", {"me": None, "path": request.url.path, "is_done": False}, 200)


@routes.post("/unsubscribe/{token}")
async def unsubscribe(request: Request, token: str) -> Response:
    """Reminders stay in the inbox from now on; escalations still come."""
    parts: Parts = request.app.state.parts
    person_id = await _person_id(request, token)
    async with parts.sessions.begin() as session:
        await preferences.unsubscribe(session, person_id)
    return render("notifications/unsubscribe.html", {"me": None, "path": request.url.path, "is_done": True}, 200)


async def _person_id(request: Request, token: str) -> str:
    """Raises NotFound if the token is not one of ours, and TooManyAttempts after many of those."""
    parts: Parts = request.app.state.parts
    person_id = parts.keyring.unsign("unsubscribe", token) if token.isascii() and len(token) < 300 else None
    if person_id is None:
        if await count_attempt(parts.sessions, Guess.FORM, request):
            raise TooManyAttempts()
        raise NotFound(kind="page", id="unsubscribe")
    return person_id

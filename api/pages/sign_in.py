"""Signing in and out: with an API token, or with a link that works once. Nobody has a password."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.pages import sessions
from api.pages.rendering import render
from api.pages.routing import fields, local_path, to
from api.unit import Parts, token_hash
from domain.errors import DomainError, NotSignedIn, SignInLinkUsed
from models.queries import people, sign_in

routes = APIRouter(include_in_schema=False)

Plain = Annotated[str, Query(max_length=2000, pattern=r"^[^\x00]*$")]


@routes.get("/sign-in")
async def ask(request: Request, code: Plain = "", next: Plain = "/") -> Response:  # noqa: A002 - a well-known name
    """Opening a link signs nobody in, since mail programs open links too; its button does."""
    return _form(request, code=code, wanted=local_path(next))


def _form(request: Request, *, code: str, wanted: str, refusal: DomainError | None = None) -> Response:
    parts: Parts = request.app.state.parts
    nonce = sessions.find_visit(request, parts.settings) or secrets.token_urlsafe(18)
    context = {
        "me": None,
        "csrf": sessions.form_token(parts.settings, nonce),
        "code": code,
        "wanted": wanted,
        "refusal": refusal,
    }
    response = render("sign_in.html", context, 403 if refusal else 200)
    sessions.begin_visit(response, parts.settings, nonce)
    return response


@routes.post("/sign-in")
async def enter(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    form = fields(request, await request.body())
    sessions.check_form(request, parts.settings, sessions.find_visit(request, parts.settings), form.get("csrf", ""))
    wanted = local_path(form.get("next", "/"))
    try:
        token_id = await _token_id(parts, form)
    except SignInLinkUsed as refusal:
        return _form(request, code="", wanted=wanted, refusal=refusal)
    except NotSignedIn as refusal:
        return _form(request, code="", wanted=wanted, refusal=refusal)
    response = to(wanted)
    sessions.remember(response, parts.settings, token_id)
    return response


async def _token_id(parts: Parts, form: dict[str, str]) -> str:
    """The row that the session names. Raises NotSignedIn or SignInLinkUsed."""
    now = datetime.now(UTC)
    async with parts.sessions.begin() as session:
        if code := form.get("code", "").strip():
            return (await sign_in.use_link(session, token_hash(code), now)).id
        found = await people.find_signed_in(session, token_hash(form.get("token", "").strip()), now, "web")
        if found is None or sign_in.LINK in found.viewer.scopes:
            raise NotSignedIn()
        return found.token_id


@routes.post("/sign-out")
async def leave(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    session = sessions.find_session(request, parts.settings)
    form = fields(request, await request.body())
    if session is not None:
        sessions.check_form(request, parts.settings, session.nonce, form.get("csrf", ""))
        async with parts.sessions.begin() as database:
            await sign_in.end_session(database, session.token_id, datetime.now(UTC))
    response = to("/sign-in")
    sessions.forget(response)
    return response

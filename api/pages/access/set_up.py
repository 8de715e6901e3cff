"""The first page of a new installation: it makes the first administrator, for whoever can read the server's log."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from api.attempts import address_of, browser_of, count_attempt
from api.errors import status_of
from api.pages import sessions
from api.pages.routing import fields, read_form, to
from api.pages.sign_in_form import ways_in
from api.rendering import render
from api.request_context import Parts
from api.shapes.access import FirstAdministrator
from application.access.attempts import Guess, check_attempts
from application.people.first_administrator import create_first_administrator
from domain.errors import AlreadySetUp, DomainError, WrongSetUpCode

routes = APIRouter(include_in_schema=False)

PATH = "/setup"
FIELDS = ("code", "name", "email", "handle", "team")


@routes.get(PATH)
async def show_set_up(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    return _form(request, {}) if (await ways_in(parts)).needs_set_up else to("/sign-in")


def _form(request: Request, form: dict[str, str], refusal: DomainError | None = None) -> Response:
    parts: Parts = request.app.state.parts
    nonce = sessions.nonce_of_visit(request, parts.settings)
    values = {
        "me": None,
        "csrf": sessions.form_token(parts.settings, nonce),
        "refusal": refusal,
        "given": {name: form.get(name, "") for name in FIELDS},
        "is_over": isinstance(refusal, AlreadySetUp),
    }
    response = render("access/set_up.html", values, status_of(refusal) if refusal else 200)
    sessions.begin_visit(response, parts.settings, nonce)
    return response


@routes.post(PATH)
async def set_up(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    form = fields(request, await request.body())
    sessions.check_visitors_form(request, parts.settings, form.get("csrf", ""))
    now = datetime.now(UTC)
    async with parts.sessions.begin() as session:
        await check_attempts(session, Guess.FORM, address_of(request), now)
    try:
        given = read_form(FirstAdministrator, {name: form[name] for name in FIELDS if form.get(name)})
        async with parts.sessions.begin() as session:
            token_id = await create_first_administrator(
                session, parts.keyring, **given.model_dump(), now=now, browser=browser_of(request)
            )
    except DomainError as refusal:
        if isinstance(refusal, WrongSetUpCode):
            await count_attempt(parts.sessions, Guess.FORM, request)
        return _form(request, form, refusal)
    response = to("/")
    sessions.remember(request, response, parts.settings, token_id)
    return response

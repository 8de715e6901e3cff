"""Signing in and out, with an API token or a one-time link. There are no passwords."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.attempts import address_of, count_attempt
from api.pages import sessions
from api.pages.routing import fields, local_path, to
from api.pages.sign_in_form import demo_people, sign_in_form
from api.request_context import Parts
from application.access import sign_in
from application.access.attempts import Guess, check_attempts
from domain.errors import NotSignedIn, SignInLinkUsed
from models.queries.people import people
from models.session import Session

routes = APIRouter(include_in_schema=False)

Plain = Annotated[str, Query(max_length=2000, pattern=r"^[^\x00]*$")]


@routes.get("/sign-in")
async def ask(request: Request, code: Plain = "", next: Plain = "/") -> Response:  # noqa: A002 - a well-known name
    """Shows the form. Only its button uses up a link, because mail programs open links, too."""
    return sign_in_form(request, code=code, wanted=local_path(next))


@routes.post("/sign-in")
async def enter(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    form = fields(request, await request.body())
    sessions.check_form(request, parts.settings, sessions.find_visit(request, parts.settings), form.get("csrf", ""))
    wanted = local_path(form.get("next", "/"))
    async with parts.sessions.begin() as session:
        await check_attempts(session, Guess.FORM, address_of(request), datetime.now(UTC))
    try:
        token_id = await _token_id(request, parts, form)
    except (SignInLinkUsed, NotSignedIn) as refusal:
        await count_attempt(parts.sessions, Guess.FORM, request)
        return sign_in_form(request, code="", wanted=wanted, refusal=refusal)
    response = to(wanted)
    sessions.remember(response, parts.settings, token_id)
    return response


async def _token_id(request: Request, parts: Parts, form: dict[str, str]) -> str:
    """The id of the row that the session refers to. Raises NotSignedIn or SignInLinkUsed."""
    now = datetime.now(UTC)
    async with parts.sessions.begin() as session:
        if (person_id := form.get("person", "")) in demo_people(request, parts.settings):
            return await _demo_session(session, person_id, now)
        if code := form.get("code", "").strip():
            return (await sign_in.use_link(session, code, now)).id
        return await sign_in.sign_in_with_token(session, form.get("token", "").strip(), now)


async def _demo_session(session: Session, person_id: str, now: datetime) -> str:
    person = await people.find_person(session, person_id)
    if person is None or not person.is_active:
        raise NotSignedIn()
    return (await sign_in.start_session(session, person, now)).id


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

"""Signing in with an API token or a one-time link, and signing out. There are no passwords."""

from datetime import UTC, datetime
from typing import Annotated

import structlog
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from api.attempts import address_of, browser_of, count_attempt
from api.pages import sessions
from api.pages.access.providers import threads
from api.pages.routing import fields, local_path, to
from api.pages.sign_in_form import demo_people, sign_in_form, ways_in
from api.rendering import render
from api.request_context import Parts
from application.access import sign_in
from application.access.attempts import Guess, check_attempts
from application.access.sign_in import Browser
from domain.errors import CredentialsLocked, DomainError, NotSignedIn, SignInLinkUsed
from models.person import ApiToken
from models.queries.people import people
from models.session import Session

routes = APIRouter(include_in_schema=False)
log = structlog.get_logger()

Plain = Annotated[str, Query(max_length=2000, pattern=r"^[^\x00]*$")]


@routes.get("/sign-in")
async def ask(request: Request, code: Plain = "", next: Plain = "/") -> Response:  # noqa: A002 - a well-known name
    """Shows the form. Only its button uses up a link, because mail programs open links, too."""
    parts: Parts = request.app.state.parts
    if not code and (await ways_in(parts)).needs_set_up:
        return to("/setup")
    return await sign_in_form(request, code=code, wanted=local_path(next))


@routes.post("/sign-in")
async def enter(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    form = fields(request, await request.body())
    sessions.check_visitors_form(request, parts.settings, form.get("csrf", ""))
    wanted = local_path(form.get("next", "/"))
    async with parts.sessions.begin() as session:
        await check_attempts(session, Guess.FORM, address_of(request), datetime.now(UTC))
    try:
        token_id = await _token_id(request, parts, form)
    except (SignInLinkUsed, NotSignedIn) as refusal:
        await count_attempt(parts.sessions, Guess.FORM, request)
        return await sign_in_form(request, code="", wanted=wanted, refusal=refusal)
    response = to(wanted)
    sessions.remember(request, response, parts.settings, token_id)
    return response


async def _token_id(request: Request, parts: Parts, form: dict[str, str]) -> str:
    """The id of the row that the session refers to. Raises NotSignedIn or SignInLinkUsed."""
    now, browser = datetime.now(UTC), browser_of(request)
    async with parts.sessions.begin() as session:
        if (person_id := form.get("person", "")) in demo_people(request, parts.settings):
            return await _demo_session(session, person_id, now, browser)
        if code := form.get("code", "").strip():
            return (await sign_in.use_link(session, code, now, browser)).id
        return await sign_in.sign_in_with_token(session, form.get("token", "").strip(), now, browser)


async def _demo_session(session: Session, person_id: str, now: datetime, browser: Browser) -> str:
    person = await people.find_person(session, person_id)
    if person is None or not person.is_active:
        raise NotSignedIn()
    return (await sign_in.start_session(session, person, now, browser)).id


@routes.post("/sign-out")
async def leave(request: Request) -> Response:
    """Whoever signed in with an identity provider is still signed in there, and may end that, too."""
    parts: Parts = request.app.state.parts
    session = sessions.find_session(request, parts.settings)
    form = fields(request, await request.body())
    ended = None
    if session is not None:
        sessions.check_form(request, parts.settings, session.nonce, form.get("csrf", ""))
        async with parts.sessions.begin() as database:
            ended = await sign_in.end_session(database, session.token_id, datetime.now(UTC))
    elsewhere = await _sign_out_elsewhere(parts, ended) if ended is not None and ended.provider else None
    response = to("/sign-in")
    if elsewhere is not None:
        label, url = elsewhere
        response = render("access/signed_out.html", {"me": None, "label": label, "url": url})
    sessions.forget(response)
    return response


async def _sign_out_elsewhere(parts: Parts, ended: ApiToken) -> tuple[str, str] | None:
    """The provider's name and its page for that; None where it has none, or can't be asked now."""
    provider = parts.providers.get(ended.provider or "")
    if provider is None:
        return None
    try:
        kept = parts.keyring.open(ended.id_token).get("idToken")
    except CredentialsLocked:
        kept = None
    hint = kept if isinstance(kept, str) else None
    try:
        url = await to_thread.run_sync(provider.sign_out_url, hint, limiter=threads())
    except DomainError as refusal:
        log.warning("no sign-out at the provider", provider=provider.name, reason=refusal.code)
        return None
    return None if url is None else (provider.rules.label, url)

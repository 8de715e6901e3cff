"""Signing in with an identity provider: there, and back to where one was.

What the way back needs (state, nonce, verifier, the wanted page) is in a signed cookie of ten minutes, one for each
tab. Starting is a link and not a form, because the security policy of our pages lets no form lead elsewhere.
"""

from datetime import UTC, datetime
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import APIRouter, Path, Query, Request, Response

from api.attempts import address_of, browser_of, count_attempt
from api.pages import sessions
from api.pages.routing import local_path, to
from api.pages.sign_in_form import sign_in_form
from api.request_context import Parts
from application.access.attempts import Guess, check_attempts
from application.people import identities
from domain.errors import DomainError, NotFound, SignInFailed
from integrations.sign_in.provider import IdentityProvider, Started

routes = APIRouter(include_in_schema=False)

AT_ONCE = 8
Name = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$")]
Plain = Annotated[str, Query(max_length=2000, pattern=r"^[^\x00]*$")]
_LIMITER: RunVar[CapacityLimiter] = RunVar("sign_in_threads")


def threads() -> CapacityLimiter:
    """Threads that speak with providers: a slow one holds up other sign-ins, but nothing else."""
    try:
        return _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _LIMITER.set(limiter)
        return limiter


def find_provider(parts: Parts, name: str) -> IdentityProvider:
    if name not in parts.providers:
        raise NotFound(kind="identity provider", id=name)
    return parts.providers[name]


@routes.get("/sign-in/{name}")
async def go(request: Request, name: Name, next: Plain = "/") -> Response:  # noqa: A002 - a well-known name
    parts: Parts = request.app.state.parts
    provider, wanted = find_provider(parts, name), local_path(next)
    try:
        started = await to_thread.run_sync(provider.start, limiter=threads())
    except DomainError as refusal:
        return await sign_in_form(request, code="", wanted=wanted, refusal=refusal)
    response = to(started.url)
    response.headers["Cache-Control"] = "no-store"
    kept = (name, started.nonce, started.verifier, wanted)
    sessions.begin_sign_in(response, parts.settings, started.state, *kept)
    return response


@routes.get("/sign-in/{name}/callback")
async def come_back(request: Request, name: Name, state: Plain = "") -> Response:
    parts: Parts = request.app.state.parts
    provider = find_provider(parts, name)
    async with parts.sessions.begin() as session:
        await check_attempts(session, Guess.FORM, address_of(request), datetime.now(UTC))
    wanted = "/"
    try:
        match sessions.find_sign_in(request, parts.settings, state):
            case [begun_at, nonce, verifier, wanted] if begun_at == name:
                started = Started("", state, nonce, verifier)
            case _:
                words = "this browser didn't start the sign-in, or it took longer than 10 minutes."
                raise SignInFailed(provider=provider.rules.label, detail=words)
        token_id = await _token_id(request, provider, started)
    except DomainError as refusal:
        if isinstance(refusal, SignInFailed):
            await count_attempt(parts.sessions, Guess.FORM, request)
        response = await sign_in_form(request, code="", wanted=local_path(wanted), refusal=refusal)
    else:
        response = to(local_path(wanted))
        sessions.remember(request, response, parts.settings, token_id)
    sessions.finish_sign_in(response, state)
    return response


async def _token_id(request: Request, provider: IdentityProvider, started: Started) -> str:
    """The id of the new session. Raises what the provider raises, and why someone is not let in."""
    parts: Parts = request.app.state.parts
    answer = dict(request.query_params)
    answered = await to_thread.run_sync(provider.finish, answer, started, limiter=threads())
    sealed = parts.keyring.seal({"idToken": answered.id_token})
    async with parts.sessions.begin() as session:
        outcome = await identities.sign_in(
            session, provider.rules, answered.claims, datetime.now(UTC), browser_of(request), sealed
        )
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome

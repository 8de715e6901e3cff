"""Where identity providers say that someone signed out there: OpenID Connect Back-Channel Logout 1.0.

No browser comes here. The provider's signature says that it is the provider.
"""

from datetime import UTC, datetime

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from api.attempts import address_of, count_attempt
from api.pages.access.providers import Name, find_provider, threads
from api.pages.routing import fields
from api.request_context import Parts
from application.access.attempts import Guess, check_attempts
from application.access.provider_sign_out import end_sessions_at_provider
from domain.errors import LogoutTokenRejected

routes = APIRouter(include_in_schema=False)


@routes.post("/sign-in/{name}/back-channel-logout")
async def sign_out(request: Request, name: Name) -> Response:
    """Wrong tokens are limited by address, because each may make us ask the provider for its keys."""
    parts: Parts = request.app.state.parts
    provider = find_provider(parts, name)
    token = fields(request, await request.body()).get("logout_token", "")
    async with parts.sessions.begin() as session:
        await check_attempts(session, Guess.FORM, address_of(request), datetime.now(UTC))
    try:
        signed_out = await to_thread.run_sync(provider.read_logout, token, limiter=threads())
    except LogoutTokenRejected:
        await count_attempt(parts.sessions, Guess.FORM, request)
        raise
    async with parts.sessions.begin() as session:
        await end_sessions_at_provider(session, parts.keyring, name, signed_out, datetime.now(UTC))
    return Response(headers={"Cache-Control": "no-store"})

"""Limits how often an address may send wrong tokens to the API; the sign-in page asks for itself."""

from datetime import UTC, datetime

import structlog
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from application.access.attempts import Guess, count_wrong_attempt, seconds_left
from application.access.sign_in import Browser
from application.access.tokens import is_known_token
from domain.errors import TooManyAttempts, TooManyUnknownLinks
from models.session import Sessions, StoreError

log = structlog.get_logger()


class WrongTokenLimit:
    """Counts each 401 to a token, and answers 429 instead once there were too many.

    Valid tokens are served all the same: they can't be guessed, and others may share the address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not any(name == b"authorization" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def send_limited(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and message["status"] == 401:
                is_replaced = await _is_one_too_many(scope["app"].state.parts.sessions, HTTPConnection(scope))
                if is_replaced:
                    answer = problem(Request(scope), TooManyAttempts())
                    answer.headers["Retry-After"] = str(seconds_left(datetime.now(UTC)))
                    await answer(scope, receive, send)
            if not is_replaced:
                await send(message)

        await self._app(scope, receive, send_limited)


async def _is_one_too_many(sessions: Sessions, connection: HTTPConnection) -> bool:
    """A token that has ended, or whose owner left, is no guess: a forgotten script goes on getting 401."""
    kind, _, token = connection.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        return False
    try:
        async with sessions.begin() as session:
            if await is_known_token(session, token.strip()):
                return False
    except (StoreError, OSError):
        return False
    return await count_attempt(sessions, Guess.REQUEST, connection)


async def count_attempt(sessions: Sessions, guess: Guess, connection: HTTPConnection) -> bool:
    """Whether this wrong code or token was one too many. False if the database is away."""
    try:
        async with sessions.begin() as session:
            return await count_wrong_attempt(session, guess, address_of(connection), datetime.now(UTC))
    except (StoreError, OSError) as error:
        log.warning("wrong attempt not counted", reason=type(error).__name__)
        return False


async def refuse_unknown_link(sessions: Sessions, connection: HTTPConnection) -> None:
    """Call it for each link for outsiders that shows nothing. Raises TooManyUnknownLinks if it was one too many."""
    if await count_attempt(sessions, Guess.LINK, connection):
        raise TooManyUnknownLinks()


def address_of(connection: HTTPConnection) -> str:
    """The client's, or what a trusted proxy says it is."""
    return connection.client.host if connection.client else ""


LONGEST_USER_AGENT = 300


def browser_of(connection: HTTPConnection) -> Browser:
    """What a session remembers of where it is used."""
    user_agent = connection.headers.get("User-Agent", "").replace("\0", "")[:LONGEST_USER_AGENT]
    return Browser(address_of(connection), user_agent)

"""Signing in to the web pages: one-time links, and the sessions that cookies name.

Both are rows of ``api_token``, so that revoking the row or deactivating the person ends them. A link has the scope
``sign_in`` alone, which opens no door but that of signing in; a session's hash is of bytes that nobody keeps.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role, Viewer
from domain.errors import SignInLinkUsed
from models.base import new_id
from models.person import ApiToken, Person
from models.queries.audit.records import audit
from models.queries.people.people import SignedIn, add_token, find_signed_in_by_id

LINK = "sign_in"
LINK_LASTS = timedelta(days=1)
SESSION_LASTS = timedelta(days=14)


async def add_link(session: AsyncSession, person_id: str, token_hash: bytes, now: datetime) -> ApiToken:
    return await add_token(
        session,
        token_id=new_id("tok"),
        person_id=person_id,
        name="One-time sign-in link",
        token_hash=token_hash,
        scopes=[LINK],
        expires_at=now + LINK_LASTS,
    )


async def use_link(session: AsyncSession, token_hash: bytes, now: datetime) -> ApiToken:
    """Spends the link and begins a session. Raises :class:`SignInLinkUsed`."""
    statement = select(ApiToken, Person).join(Person, Person.id == ApiToken.person_id)
    statement = statement.where(ApiToken.token_hash == token_hash, ApiToken.scopes == [LINK])
    row = (await session.execute(statement.with_for_update(of=ApiToken))).one_or_none()
    if row is None:
        raise SignInLinkUsed()
    link, person = row
    if link.revoked_at is not None or (link.expires_at and link.expires_at <= now) or not person.is_active:
        raise SignInLinkUsed()
    link.revoked_at = link.last_used_at = now
    return await begin_session(session, person, now)


async def begin_session(session: AsyncSession, person: Person, now: datetime) -> ApiToken:
    token = await add_token(
        session,
        token_id=new_id("ses"),
        person_id=person.id,
        name="Web session",
        token_hash=secrets.token_bytes(32),
        scopes=["read", "write", "admin"] if person.role == Role.ADMIN else ["read", "write"],
        expires_at=now + SESSION_LASTS,
    )
    viewer = Viewer(person.id, Role(person.role), origin="web")
    audit(session, viewer, "session.started", "token", token.id, after={"name": token.name})
    return token


async def find_session(session: AsyncSession, token_id: str, now: datetime) -> SignedIn | None:
    """Who the token with that id speaks for in the pages; None as in ``people.find_signed_in``."""
    found = await find_signed_in_by_id(session, token_id, now, "web")
    return None if found is None or LINK in found.viewer.scopes else found


async def end_session(session: AsyncSession, token_id: str, now: datetime) -> None:
    """Revokes the session's own row; an API token that somebody signed in with stays."""
    token = await session.get(ApiToken, token_id)
    if token is not None and token.id.startswith("ses_"):
        token.revoked_at = token.revoked_at or now

"""Signing in to the web pages with one-time links, and the sessions that cookies refer to.

Links and sessions are both rows of ``api_token``, so revoking the row or deactivating the person ends them. A link has
only the scope ``sign_in``, which grants nothing except signing in. A session's hash is the hash of bytes that are not
stored anywhere.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.access.tokens import SignedIn, check_token, check_token_id, hash_token
from application.audit.audit_log import audit
from domain.access import Role, Viewer
from domain.errors import NotSignedIn, SignInLinkUsed
from models.base import new_id
from models.person import ApiToken, Person
from models.queries.access import tokens
from models.session import Session

LINK_SCOPE = "sign_in"
LINK_LASTS = timedelta(days=1)
SESSION_LASTS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SignInLink:
    """``code`` is shown once: only its hash is stored."""

    token_id: str
    code: str
    expires_at: datetime


async def create_link(session: Session, person_id: str, now: datetime) -> SignInLink:
    """A link that signs the person in once."""
    code = secrets.token_urlsafe(24)
    token = await tokens.insert_token(
        session,
        token_id=new_id("tok"),
        person_id=person_id,
        name="One-time sign-in link",
        token_hash=hash_token(code),
        scopes=[LINK_SCOPE],
        expires_at=now + LINK_LASTS,
    )
    return SignInLink(token.id, code, now + LINK_LASTS)


async def hand_out_link(session: Session, viewer: Viewer, person_id: str, now: datetime) -> SignInLink:
    """As :func:`create_link`, for an administrator who gives the link to that person."""
    link = await create_link(session, person_id, now)
    audit(session, viewer, "sign_in_link.created", "token", link.token_id, after={"userId": person_id})
    return link


async def use_link(session: Session, code: str, now: datetime) -> ApiToken:
    """Uses up the link and starts a session. Raises :class:`SignInLinkUsed`."""
    found = await tokens.find_link_for_update(session, hash_token(code), LINK_SCOPE)
    if found is None:
        raise SignInLinkUsed()
    link, person = found
    if link.revoked_at is not None or (link.expires_at and link.expires_at <= now) or not person.is_active:
        raise SignInLinkUsed()
    link.revoked_at = link.last_used_at = now
    return await start_session(session, person, now)


async def start_session(session: Session, person: Person, now: datetime) -> ApiToken:
    """Starts a web session of a person who has proved who they are."""
    token = await tokens.insert_token(
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


async def sign_in_with_token(session: Session, token: str, now: datetime) -> str:
    """The id of the API token, which the cookie then refers to. Raises NotSignedIn."""
    found = await check_token(session, token, now, "web")
    if found is None or LINK_SCOPE in found.viewer.scopes:
        raise NotSignedIn()
    return found.token_id


async def check_session(session: Session, token_id: str, now: datetime) -> SignedIn | None:
    """Who is signed in with the token of that id. None as in ``check_token``, and for a sign-in link."""
    found = await check_token_id(session, token_id, now, "web")
    return None if found is None or LINK_SCOPE in found.viewer.scopes else found


async def end_session(session: Session, token_id: str, now: datetime) -> None:
    """Revokes the row of the session. An API token that someone signed in with stays valid."""
    token = await tokens.find_token(session, token_id)
    if token is not None and token.id.startswith("ses_"):
        token.revoked_at = token.revoked_at or now

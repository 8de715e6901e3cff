"""Signing in to the web pages with one-time links, and the sessions that cookies refer to.

Links and sessions are both rows of ``api_token``, so revoking the row or deactivating the person ends them. A link has
only the scope ``sign_in``, which grants nothing except signing in. A session's hash is the hash of bytes that are not
stored anywhere.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.access.tokens import SignedIn, SignedInPerson, check_token, check_token_id, hash_token
from application.audit.audit_log import audit
from domain.access import Role, Viewer
from domain.errors import NotSignedIn, SignInLinkUsed
from domain.live.changes import Change, Kind
from models.base import new_id
from models.database.changes import note_changes
from models.person import ApiToken, Person
from models.queries.access import tokens
from models.session import Session

LINK_SCOPE = "sign_in"
SESSION_PREFIX = "ses_"
LINK_LASTS = timedelta(days=1)
SESSION_LASTS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Browser:
    """From where someone signs in: the address of the client, and what it calls itself."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignInLink:
    """``code`` is shown once: only its hash is stored."""

    token_id: str
    code: str
    expires_at: datetime


async def create_link(
    session: Session,
    person_id: str,
    now: datetime,
    *,
    ends_by: datetime | None = None,
    parent_id: str | None = None,
    name: str = "One-time sign-in link",
    lasts: timedelta = LINK_LASTS,
) -> SignInLink:
    """A link that signs the person in once; it ends by ``ends_by``, and with its parent token."""
    expires_at = min(now + lasts, ends_by or now + lasts)
    code = secrets.token_urlsafe(24)
    token = await tokens.insert_token(
        session,
        token_id=new_id("tok"),
        person_id=person_id,
        name=name,
        token_hash=hash_token(code),
        scopes=[LINK_SCOPE],
        expires_at=expires_at,
        parent_id=parent_id,
    )
    return SignInLink(token.id, code, expires_at)


async def hand_out_link(
    session: Session, viewer: Viewer, person_id: str, now: datetime, *, ends_by: datetime | None, parent_id: str | None
) -> SignInLink:
    """As :func:`create_link`, for an administrator who gives the link to that person."""
    link = await create_link(session, person_id, now, ends_by=ends_by, parent_id=parent_id)
    audit(session, viewer, "sign_in_link.created", "token", link.token_id, after={"userId": person_id})
    return link


async def credential_of_session(session: Session, token_id: str) -> tuple[str | None, datetime | None]:
    """The token that a session began with, and when that ends; both None for a person who signed in to stay.

    What is created in a session ends with that token, not with the session.
    """
    own = await tokens.find_token(session, token_id)
    parent = await tokens.find_token(session, own.parent_id) if own and own.parent_id else None
    return (parent.id, parent.expires_at) if parent else (None, None)


async def use_link(session: Session, code: str, now: datetime, browser: Browser) -> ApiToken:
    """Uses up the link and starts a session. Raises :class:`SignInLinkUsed`."""
    found = await tokens.find_link_for_update(session, hash_token(code), LINK_SCOPE)
    if found is None:
        raise SignInLinkUsed()
    link, person = found
    if link.revoked_at is not None or (link.expires_at and link.expires_at <= now) or not person.is_active:
        raise SignInLinkUsed()
    link.revoked_at = link.last_used_at = now
    parent = await tokens.find_token(session, link.parent_id) if link.parent_id else None
    if parent is None or parent.expires_at is None:  # a token that lasts may let a person in who stays
        return await start_session(session, person, now, browser)
    return await start_session(session, person, now, browser, ends_by=parent.expires_at, parent_id=parent.id)


async def start_session(
    session: Session,
    person: Person | SignedInPerson,
    now: datetime,
    browser: Browser,
    *,
    scopes: Sequence[str] | None = None,
    ends_by: datetime | None = None,
    parent_id: str | None = None,
    provider: str | None = None,
    id_token: bytes | None = None,
) -> ApiToken:
    """Starts a web session of a person who has proved who they are.

    Without ``scopes`` it can do what the person may. It ends by ``ends_by``, and with its parent token. ``provider`` is
    the identity provider that said who they are, with its encrypted ID token.
    """
    own_scopes = ["read", "write", "admin"] if person.role == Role.ADMIN else ["read", "write"]
    token = await tokens.insert_token(
        session,
        token_id=new_id("ses"),
        person_id=person.id,
        name="Web session",
        token_hash=secrets.token_bytes(32),
        scopes=own_scopes if scopes is None else list(scopes),
        expires_at=min(now + SESSION_LASTS, ends_by or now + SESSION_LASTS),
        parent_id=parent_id,
        address=browser.address,
        user_agent=browser.user_agent,
        provider=provider,
        id_token=id_token,
    )
    viewer = Viewer(person.id, Role(person.role), origin="web")
    after = {"name": token.name} | ({"provider": provider} if provider else {})
    audit(session, viewer, "session.started", "token", token.id, after=after)
    return token


async def sign_in_with_token(session: Session, token: str, now: datetime, browser: Browser) -> str:
    """Starts a session that can do what the API token can, and ends with it at the latest; its id.

    Raises NotSignedIn.
    """
    found = await check_token(session, token, now, "web")
    if found is None or LINK_SCOPE in found.viewer.scopes or found.token_id.startswith(SESSION_PREFIX):
        raise NotSignedIn()
    started = await start_session(
        session,
        found.person,
        now,
        browser,
        scopes=sorted(found.viewer.scopes),
        ends_by=found.expires_at,
        parent_id=found.token_id,
    )
    return started.id


async def check_session(session: Session, token_id: str, now: datetime) -> SignedIn | None:
    """Who is signed in with the session of that id. None as in ``check_token``, and for what is no session."""
    return await check_token_id(session, token_id, now, "web") if token_id.startswith(SESSION_PREFIX) else None


async def end_session(session: Session, token_id: str, now: datetime) -> ApiToken | None:
    """Ends the session. An API token that someone signed in with stays valid for the API."""
    token = await tokens.find_token(session, token_id)
    if token is None or not token.id.startswith(SESSION_PREFIX):
        return None
    token.revoked_at = token.revoked_at or now
    note_changes(session, [Change(Kind.RIGHTS, token.id)])
    return token

"""API tokens: checking one, creating one, revoking one. Only a token's hash is ever stored."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.audit.audit_log import audit
from domain.access import Role, Viewer, check_administers
from domain.errors import Malformed, ScopeMissing, reason
from models.base import new_id
from models.person import ApiToken
from models.queries.access import tokens
from models.queries.access.tokens import TokenOwner
from models.queries.people import people
from models.session import Session

RECORD_USE_EVERY = timedelta(minutes=1)
"""How often the last use of a token is written down at most."""


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    id: str
    name: str
    handle: str
    role: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person a token acts for. ``is_use_due`` says that the token's last use should be written down again."""

    person: SignedInPerson
    viewer: Viewer
    token_id: str
    expires_at: datetime | None
    is_use_due: bool


def hash_token(token: str) -> bytes:
    """The SHA-256 of a token or of a sign-in link's code, as the database stores it."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


async def check_token(session: Session, token: str, now: datetime, origin: str) -> SignedIn | None:
    """Who this token acts for. None if it is unknown, revoked or expired, or if the person was deactivated."""
    return _signed_in(await tokens.find_owner_by_hash(session, hash_token(token)), now, origin)


async def is_known_token(session: Session, token: str) -> bool:
    """Whether it is or was a token of ours."""
    return await tokens.find_owner_by_hash(session, hash_token(token)) is not None


async def check_token_id(session: Session, token_id: str, now: datetime, origin: str) -> SignedIn | None:
    """As :func:`check_token`, for a token that was checked before and is now named by its id."""
    return _signed_in(await tokens.find_owner_by_id(session, token_id), now, origin)


def _signed_in(found: TokenOwner | None, now: datetime, origin: str) -> SignedIn | None:
    if found is None:
        return None
    is_expired = found.expires_at is not None and found.expires_at <= now
    if found.revoked_at is not None or is_expired or not found.is_active:
        return None
    person = SignedInPerson(found.person_id, found.name, found.handle, found.role, found.time_zone)
    viewer = Viewer(person.id, Role(found.role), frozenset(found.team_ids or ()), frozenset(found.scopes), origin)
    is_use_due = found.last_used_at is None or found.last_used_at < now - RECORD_USE_EVERY
    return SignedIn(person, viewer, found.token_id, found.expires_at, is_use_due)


async def issue_token(
    session: Session,
    viewer: Viewer,
    owner_id: str | None,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    ends_by: datetime | None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """As :func:`create_token`; only administrators create tokens for other people, or with the scope ``admin``.

    Raises NotAllowed, ScopeMissing, Malformed, and NotFound if there is no such owner.
    """
    person_id = owner_id or viewer.person_id
    if person_id != viewer.person_id or "admin" in scopes:
        check_administers(viewer, "create this token")
    if expires_at and expires_at <= now:
        raise Malformed(reasons=[reason("expires_at", "Choose a time in the future.", where="body.expiresAt")])
    await people.get_person(session, person_id)
    return await create_token(
        session, viewer, person_id, name=name, scopes=scopes, expires_at=expires_at, ends_by=ends_by
    )


async def create_token(
    session: Session,
    viewer: Viewer,
    person_id: str,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    ends_by: datetime | None,
) -> tuple[ApiToken, str]:
    """Returns the stored token and its plain text, which is not stored anywhere.

    It can do no more than the credential that creates it, and ends no later than that, at ``ends_by``. Raises
    ScopeMissing, Malformed.
    """
    if "admin" not in viewer.scopes:
        for scope in scopes:
            if scope not in viewer.scopes:
                raise ScopeMissing(scope=scope)
    if ends_by is not None and expires_at is not None and expires_at > ends_by:
        words = f"The token that you use ends at {ends_by.isoformat()}. Choose a time before that."
        raise Malformed(reasons=[reason("expires_at", words, where="body.expiresAt")])
    plain = f"aft_{secrets.token_urlsafe(32)}"
    token = await tokens.insert_token(
        session,
        token_id=new_id("tok"),
        person_id=person_id,
        name=name,
        token_hash=hash_token(plain),
        scopes=list(dict.fromkeys(scopes)),
        expires_at=expires_at or ends_by,
    )
    audit(session, viewer, "token.created", "token", token.id, after={"scopes": token.scopes})
    return token, plain


async def revoke_token(session: Session, viewer: Viewer, token_id: str, now: datetime) -> None:
    """Takes effect at once, also for sessions and sign-in links that began with it.

    Raises NotFound if the token is not the viewer's own and the viewer is no administrator.
    """
    token = await tokens.get_token(session, viewer, token_id)
    token.revoked_at = token.revoked_at or now
    await tokens.revoke_begun_with(session, token_id, now)
    audit(session, viewer, "token.revoked", "token", token.id)

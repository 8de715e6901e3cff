"""Links for outsiders: creating, listing, and revoking them."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from application.audit.audit_log import audit
from application.sharing.summaries import read_facts
from domain import access
from domain.access import Verb, Viewer
from domain.errors import CredentialsLocked, Fact, IdempotencyKeyReused, Malformed, reason
from domain.postmortems.lifecycle import Status
from domain.sharing.links import ShareScope, SharingFacts, check_shareable, obstacles
from integrations import passwords
from models.keyring import Keyring
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.sharing import links, summaries
from models.session import Session
from models.sharing import ShareLink

RANDOM_BYTES = 16
"""Of a token, which is 22 letters then."""
VERBS = {ShareScope.SUMMARY: Verb.SHARE_SUMMARY, ShareScope.POSTMORTEM: Verb.SHARE_POSTMORTEM}


class ShareLinkState(StrEnum):
    """``SUSPENDED`` ends by itself with its cause; the other two don't."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A link as people see it. ``token`` is None for whoever may not share it, and where its key was lost. ``reasons``
    say why it is suspended."""

    row: ShareLink
    token: str | None
    state: ShareLinkState
    reasons: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class ListedLinks:
    items: Sequence[ShownLink]
    next_cursor: str | None


def hash_link_token(token: str) -> bytes:
    """As the database stores it. 128 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


async def check_may_create(session: Session, viewer: Viewer, postmortem_id: str, scope: ShareScope) -> None:
    """Before the password is hashed, which takes a while. Raises NotFound, NotAllowed, NotShareable."""
    check_shareable(scope, await _facts(session, await get_visible(session, viewer, postmortem_id), scope))


async def _facts(session: Session, visible: VisiblePostmortem, scope: ShareScope) -> SharingFacts:
    access.check(VERBS[scope], Status(visible.postmortem.status), visible.relations)
    return await read_facts(session, visible, await summaries.find_summary(session, visible.postmortem.id))


async def create_link(
    session: Session,
    viewer: Viewer,
    keyring: Keyring,
    postmortem_id: str,
    link_id: str,
    *,
    scope: ShareScope,
    expires_at: datetime | None,
    password_hash: str | None,
    now: datetime,
) -> ShownLink:
    """Locks the postmortem. ``link_id`` is the same for a repeat of the request, which gets the link that it made.

    Raises NotFound, NotAllowed, NotShareable, Malformed, and IdempotencyKeyReused for a repeat that asks for more.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    facts = await _facts(session, visible, scope)
    if made := await links.find_link(session, link_id):
        same = (made.postmortem_id, made.scope, made.expires_at) == (postmortem_id, scope.value, expires_at)
        if not same or (made.password_hash is None) != (password_hash is None):
            raise IdempotencyKeyReused()
        return _shown(made, facts, keyring, now, shows_token=True)
    check_shareable(scope, facts)
    if expires_at is not None and expires_at <= now:
        words = "This time has passed. Choose a later one."
        raise Malformed(reasons=[reason("expires_at", words, where="body.expiresAt")])
    token = secrets.token_urlsafe(RANDOM_BYTES)
    row = ShareLink(
        id=link_id,
        postmortem_id=postmortem_id,
        scope=scope.value,
        token_hash=hash_link_token(token),
        token_sealed=keyring.seal({"token": token}),
        password_hash=password_hash,
        expires_at=expires_at,
        revoked_at=None,
        views=0,
        last_viewed_at=None,
        created_by_id=viewer.person_id,
        created_at=now,
    )
    session.add(row)
    until = expires_at.isoformat() if expires_at else None
    after = {"scope": scope.value, "expiresAt": until, "hasPassword": password_hash is not None}
    _audit(session, viewer, "share_link.created", row.id, postmortem_id, after)
    await session.flush()
    return _shown(row, facts, keyring, now, shows_token=True)


async def hash_password(password: str) -> str:
    """Takes a while, in a thread. Raises TooManyHashes."""
    return await passwords.hash_password(password)


async def list_links(
    session: Session, viewer: Viewer, keyring: Keyring, postmortem_id: str, ask: Ask, now: datetime
) -> ListedLinks:
    """Newest first. Only those who may share see the addresses. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id)
    status = Status(visible.postmortem.status)
    access.check(Verb.READ_SUMMARY, status, visible.relations)
    facts = await read_facts(session, visible, await summaries.find_summary(session, postmortem_id))
    shares = access.may(Verb.SHARE_SUMMARY, status, visible.relations)
    found = await links.list_links(session, postmortem_id, ask)
    shown = [_shown(one, facts, keyring, now, shows_token=shares) for one in found.items]
    return ListedLinks(shown, found.next_cursor)


async def revoke_link(session: Session, viewer: Viewer, postmortem_id: str, link_id: str, now: datetime) -> None:
    """In any status, for good. A second time, nothing changes. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id)
    access.check(Verb.SHARE_SUMMARY, Status(visible.postmortem.status), visible.relations)
    row = await links.get_link(session, postmortem_id, link_id)
    if row.revoked_at is None:
        row.revoked_at = now
        _audit(session, viewer, "share_link.revoked", row.id, postmortem_id, {"scope": row.scope})
        await session.flush()


async def revoke_all(session: Session, viewer: Viewer, postmortem_id: str, now: datetime) -> None:
    """Of a postmortem that becomes private: its links end for good, and its summary leaves the feed."""
    for link_id in await links.revoke_links(session, postmortem_id, now):
        _audit(session, viewer, "share_link.revoked", link_id, postmortem_id, {"because": "PRIVATE"})


def _shown(row: ShareLink, facts: SharingFacts, keyring: Keyring, now: datetime, *, shows_token: bool) -> ShownLink:
    reasons = obstacles(ShareScope(row.scope), facts)
    if row.revoked_at is not None:
        state = ShareLinkState.REVOKED
    elif row.expires_at is not None and row.expires_at <= now:
        state = ShareLinkState.EXPIRED
    else:
        state = ShareLinkState.SUSPENDED if reasons else ShareLinkState.ACTIVE
    token = _opened(keyring, row) if shows_token and row.revoked_at is None else None
    return ShownLink(row, token, state, reasons if state is ShareLinkState.SUSPENDED else [])


def _opened(keyring: Keyring, row: ShareLink) -> str | None:
    with suppress(CredentialsLocked):
        return str(keyring.open(row.token_sealed).get("token") or "") or None
    return None


def _audit(
    session: Session, viewer: Viewer, action: str, link_id: str, postmortem_id: str, after: Mapping[str, object]
) -> None:
    audit(session, viewer, action, "share_link", link_id, postmortem_id=postmortem_id, after=after)

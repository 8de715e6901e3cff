"""Rows of ``api_token``: API tokens, one-time sign-in links and web sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, LargeBinary, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from models.person import ApiToken, Person
from models.queries.access.viewers import team_ids_of_person
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, text_of


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """A token, the person it belongs to, and that person's teams."""

    token_id: str
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    person_id: str
    role: str
    is_active: bool
    name: str
    handle: str
    time_zone: str
    team_ids: list[str] | None


# Every request runs one of these, so that a revoked token or a person who left is refused by all processes at once.
_OWNER = select(
    ApiToken.id,
    ApiToken.scopes,
    ApiToken.expires_at,
    ApiToken.revoked_at,
    ApiToken.last_used_at,
    Person.id,
    Person.role,
    Person.is_active,
    Person.name,
    Person.handle,
    Person.time_zone,
    team_ids_of_person(),
).join(Person, Person.id == ApiToken.person_id)
_OWNER_BY_HASH = Prebuilt(_OWNER.where(ApiToken.token_hash == bindparam("value", type_=LargeBinary())))
_OWNER_BY_ID = Prebuilt(_OWNER.where(ApiToken.id == text_of("value")))


async def find_owner_by_hash(session: AsyncSession, token_hash: bytes) -> TokenOwner | None:
    row = await _OWNER_BY_HASH.row(session, value=token_hash)
    return None if row is None else TokenOwner(*row)


async def find_owner_by_id(session: AsyncSession, token_id: str) -> TokenOwner | None:
    row = await _OWNER_BY_ID.row(session, value=token_id)
    return None if row is None else TokenOwner(*row)


async def find_token(session: AsyncSession, token_id: str) -> ApiToken | None:
    return await session.get(ApiToken, token_id)


async def get_token(session: AsyncSession, viewer: Viewer, token_id: str) -> ApiToken:
    """One of the viewer's own tokens; any token for an administrator. Raises NotFound."""
    token = await session.get(ApiToken, token_id)
    if token is None or not (viewer.is_admin or token.person_id == viewer.person_id):
        raise NotFound(kind="token", id=token_id)
    return token


async def list_tokens(
    session: AsyncSession, viewer: Viewer, ask: Ask, *, everyones: bool = True, kept: bool = False
) -> Page[ApiToken]:
    """The viewer's own tokens; all tokens for an administrator who asks for ``everyones``. What began with a token ends
    with it, and is not listed beside it. ``kept`` leaves out sessions, sign-in links, and revoked tokens."""
    statement = select(ApiToken).where(ApiToken.parent_id.is_(None))
    if kept:
        is_session = ApiToken.id.startswith("ses_", autoescape=True)
        statement = statement.where(~is_session, ApiToken.scopes != ["sign_in"], ApiToken.revoked_at.is_(None))
    if not (viewer.is_admin and everyones):
        statement = statement.where(ApiToken.person_id == viewer.person_id)
    rows, cursor = await fetch_page(session, statement, Order("tokens", ApiToken.created_at, ApiToken.id), ask)
    return Page([row[0] for row in rows], cursor)


async def find_link_for_update(
    session: AsyncSession, token_hash: bytes, link_scope: str
) -> tuple[ApiToken, Person] | None:
    """A one-time sign-in link and its person; the link is locked."""
    statement = select(ApiToken, Person).join(Person, Person.id == ApiToken.person_id)
    statement = statement.where(ApiToken.token_hash == token_hash, ApiToken.scopes == [link_scope])
    row = (await session.execute(statement.with_for_update(of=ApiToken))).one_or_none()
    return None if row is None else (row[0], row[1])


async def insert_token(
    session: AsyncSession,
    *,
    token_id: str,
    person_id: str,
    name: str,
    token_hash: bytes,
    scopes: Sequence[str],
    expires_at: datetime | None,
    parent_id: str | None = None,
    address: str | None = None,
    user_agent: str | None = None,
    provider: str | None = None,
    id_token: bytes | None = None,
) -> ApiToken:
    """If the token exists already, because a first start was repeated, it is left as it is."""
    values = {
        "id": token_id,
        "person_id": person_id,
        "name": name,
        "token_hash": token_hash,
        "scopes": list(scopes),
        "expires_at": expires_at,
        "parent_id": parent_id,
        "address": address,
        "user_agent": user_agent,
        "provider": provider,
        "id_token": id_token,
    }
    await session.execute(insert(ApiToken).values(**values).on_conflict_do_nothing())
    return (await session.execute(select(ApiToken).where(ApiToken.token_hash == token_hash))).scalar_one()


async def update_last_use(
    session: AsyncSession, token_id: str, now: datetime, *, address: str | None = None, user_agent: str | None = None
) -> None:
    """With the address and the browser that used it, for a session."""
    values = {"last_used_at": now} | ({"address": address, "user_agent": user_agent} if address is not None else {})
    await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(**values))


async def list_sessions(session: AsyncSession, person_id: str, prefix: str, now: datetime) -> Sequence[ApiToken]:
    """A person's web sessions that have not ended, the one that was used last first."""
    last_seen = func.coalesce(ApiToken.last_used_at, ApiToken.created_at)
    statement = select(ApiToken).where(ApiToken.person_id == person_id, *_is_open(prefix, now))
    return (await session.execute(statement.order_by(last_seen.desc(), ApiToken.id))).scalars().all()


async def list_sessions_of_provider(
    session: AsyncSession, provider: str, prefix: str, now: datetime, begun_by: datetime, *, after: str, limit: int
) -> Sequence[ApiToken]:
    """Open web sessions that began at that identity provider until then, by id from ``after`` on; locked."""
    statement = select(ApiToken).where(
        ApiToken.provider == provider, ApiToken.created_at <= begun_by, ApiToken.id > after, *_is_open(prefix, now)
    )
    statement = statement.order_by(ApiToken.id).limit(limit).with_for_update()
    return (await session.execute(statement)).scalars().all()


async def get_session_for_update(session: AsyncSession, person_id: str, token_id: str, prefix: str) -> ApiToken:
    """One of the person's own sessions. Raises NotFound."""
    token = await session.get(ApiToken, token_id, with_for_update=True) if token_id.startswith(prefix) else None
    if token is None or token.person_id != person_id:
        raise NotFound(kind="session", id=token_id)
    return token


async def revoke_sessions(
    session: AsyncSession, person_id: str, prefix: str, now: datetime, *, but: str | None = None
) -> list[str]:
    """Ids of the sessions that this ended: all of the person's, except for ``but``."""
    statement = update(ApiToken).where(ApiToken.person_id == person_id, *_is_open(prefix, now))
    if but is not None:
        statement = statement.where(ApiToken.id != but)
    return sorted((await session.execute(statement.values(revoked_at=now).returning(ApiToken.id))).scalars())


def _is_open(prefix: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        ApiToken.id.startswith(prefix, autoescape=True),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
    )


async def revoke_links(session: AsyncSession, person_id: str, name: str, link_scope: str, now: datetime) -> None:
    """Revokes the person's unused links of that name."""
    statement = update(ApiToken).where(
        ApiToken.person_id == person_id,
        ApiToken.name == name,
        ApiToken.scopes == [link_scope],
        ApiToken.revoked_at.is_(None),
    )
    await session.execute(statement.values(revoked_at=now))


async def revoke_begun_with(session: AsyncSession, token_id: str, now: datetime) -> None:
    """Revokes the sessions and sign-in links that began with that token."""
    statement = update(ApiToken).where(ApiToken.parent_id == token_id, ApiToken.revoked_at.is_(None))
    await session.execute(statement.values(revoked_at=now))

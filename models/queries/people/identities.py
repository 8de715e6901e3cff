"""Rows of ``person_identity``: who people are at identity providers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from models.base import new_id
from models.person import Person, PersonIdentity
from models.queries.prebuilt import Prebuilt

_WAITING = Prebuilt(select(func.count()).where(PersonIdentity.confirmed_at.is_(None)))


@dataclass(frozen=True, slots=True)
class ShownIdentity:
    """An identity and the person it belongs to, or would belong to once it is confirmed."""

    id: str
    version: int
    provider: str
    issuer: str
    subject: str
    email: str | None
    person_id: str
    person_name: str
    person_email: str
    role: str
    confirmed_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


async def lock_sign_in(session: AsyncSession, *words: str) -> None:
    """Sign-ins of the same words wait for each other until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("\x1f".join(words), 0))))


async def find_identity_for_update(session: AsyncSession, issuer: str, subject: str) -> PersonIdentity | None:
    statement = select(PersonIdentity).where(PersonIdentity.issuer == issuer, PersonIdentity.subject == subject)
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def has_confirmed(session: AsyncSession, person_id: str) -> bool:
    """Whether the person signs in with some provider already."""
    found = exists().where(PersonIdentity.person_id == person_id, PersonIdentity.confirmed_at.is_not(None))
    return bool((await session.execute(select(found))).scalar_one())


async def count_waiting(session: AsyncSession) -> int:
    """Accounts that an administrator has to confirm or reject."""
    return int((await _WAITING.row(session))[0])


def insert_identity(
    session: AsyncSession,
    *,
    provider: str,
    issuer: str,
    subject: str,
    person_id: str,
    email: str | None,
    confirmed_at: datetime | None,
) -> PersonIdentity:
    row = PersonIdentity(
        id=new_id("idn"),
        provider=provider,
        issuer=issuer,
        subject=subject,
        person_id=person_id,
        email=email,
        confirmed_at=confirmed_at,
        version=1,
    )
    session.add(row)
    return row


async def get_identity_for_update(session: AsyncSession, identity_id: str) -> PersonIdentity:
    """Raises NotFound."""
    row = await session.get(PersonIdentity, identity_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(kind="identity", id=identity_id)
    return row


async def list_identities(session: AsyncSession, limit: int) -> Sequence[ShownIdentity]:
    """Those that wait for an administrator first, then the newest."""
    columns = (
        *(PersonIdentity.id, PersonIdentity.version, PersonIdentity.provider, PersonIdentity.issuer),
        *(PersonIdentity.subject, PersonIdentity.email, Person.id, Person.name, Person.email, Person.role),
        *(PersonIdentity.confirmed_at, PersonIdentity.last_used_at, PersonIdentity.created_at),
    )
    statement = select(*columns).join(Person, Person.id == PersonIdentity.person_id)
    order = (PersonIdentity.confirmed_at.is_not(None), PersonIdentity.created_at.desc(), PersonIdentity.id)
    rows = (await session.execute(statement.order_by(*order).limit(limit))).all()
    return [ShownIdentity(*tuple(row)) for row in rows]


async def delete_identity(session: AsyncSession, identity_id: str) -> None:
    await session.execute(delete(PersonIdentity).where(PersonIdentity.id == identity_id))

"""People and their tokens."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role, Viewer
from domain.errors import AlreadyExists, NotFound, PersonNotActive, UnknownReference
from domain.people.absence import Absence, absence
from models.base import new_id
from models.person import ApiToken, Person
from models.queries.access.visibility import visible_to_person
from models.queries.audit.records import change_row
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.team import Team, TeamMember

TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a token speaks for; ``stale`` when its last use is worth writing down again."""

    person: Person
    viewer: Viewer
    token_id: str
    stale: bool


def _team_ids() -> Any:
    return (
        select(func.array_agg(TeamMember.team_id))
        .where(TeamMember.person_id == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )


# every request asks one of these: put together anew, it took 0.4 ms of each
_SIGNED_IN = select(ApiToken, Person, _team_ids()).join(Person, Person.id == ApiToken.person_id)
_SIGNED_IN_BY_HASH = _SIGNED_IN.where(ApiToken.token_hash == bindparam("value"))
_SIGNED_IN_BY_ID = _SIGNED_IN.where(ApiToken.id == bindparam("value"))


async def find_signed_in(session: AsyncSession, token_hash: bytes, now: datetime, origin: str) -> SignedIn | None:
    """None for a token that is unknown, revoked, expired, or of somebody deactivated."""
    return _signed_in((await session.execute(_SIGNED_IN_BY_HASH, {"value": token_hash})).one_or_none(), now, origin)


async def find_signed_in_by_id(session: AsyncSession, token_id: str, now: datetime, origin: str) -> SignedIn | None:
    """As :func:`find_signed_in`."""
    return _signed_in((await session.execute(_SIGNED_IN_BY_ID, {"value": token_id})).one_or_none(), now, origin)


def _signed_in(row: Any, now: datetime, origin: str) -> SignedIn | None:
    if row is None:
        return None
    token, person, team_ids = row
    expired = token.expires_at is not None and token.expires_at <= now
    if token.revoked_at is not None or expired or not person.is_active:
        return None
    viewer = Viewer(person.id, Role(person.role), frozenset(team_ids or ()), frozenset(token.scopes), origin)
    stale = token.last_used_at is None or token.last_used_at < now - TOUCH_EVERY
    return SignedIn(person, viewer, token.id, stale)


async def touch_token(session: AsyncSession, token_id: str, now: datetime) -> None:
    await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


async def get_viewer_unscoped(session: AsyncSession, person_id: str, origin: str) -> Viewer:
    """A person as a viewer, with every scope: for activities that act on a person's behalf."""
    row = (await session.execute(select(Person, _team_ids()).where(Person.id == person_id))).one_or_none()
    if row is None:
        raise NotFound(kind="person", id=person_id)
    person, team_ids = row
    return Viewer(person.id, Role(person.role), frozenset(team_ids or ()), origin=origin)


async def get_person(session: AsyncSession, person_id: str) -> Person:
    person = await session.get(Person, person_id)
    if person is None:
        raise NotFound(kind="user", id=person_id)
    return person


async def find_person(session: AsyncSession, person_id: str) -> Person | None:
    return await session.get(Person, person_id)


async def people_by_id(session: AsyncSession, person_ids: Iterable[str | None]) -> dict[str, Person]:
    wanted = sorted({one for one in person_ids if one})
    if not wanted:
        return {}
    return {one.id: one for one in (await session.execute(select(Person).where(Person.id.in_(wanted)))).scalars()}


async def find_by_name(session: AsyncSession, word: str) -> Person | None:
    """Whoever people mean by ``@handle``, a handle, an e-mail or an id."""
    word = word.strip().removeprefix("@")
    statement = select(Person).where(
        (Person.handle == word.lower()) | (Person.email == word.lower()) | (Person.id == word)
    )
    return (await session.execute(statement.order_by(Person.id).limit(1))).scalar_one_or_none()


async def check_people(session: AsyncSession, field: str, person_ids: Iterable[str]) -> None:
    """Raises :class:`UnknownReference` for the first id that nobody has."""
    wanted = list(dict.fromkeys(person_ids))
    found = set((await session.execute(select(Person.id).where(Person.id.in_(wanted)))).scalars()) if wanted else set()
    for person_id in wanted:
        if person_id not in found:
            raise UnknownReference(field=field, kind="user", id=person_id)


async def check_active(session: AsyncSession, field: str, person_ids: Iterable[str]) -> None:
    """As :func:`check_people`; raises :class:`PersonNotActive` for the first who left or never signed in."""
    wanted = list(dict.fromkeys(person_ids))
    if not wanted:
        return
    statement = select(Person.id, Person.is_active).where(Person.id.in_(wanted))
    found = {row.id: row.is_active for row in (await session.execute(statement)).all()}
    for person_id in wanted:
        if person_id not in found:
            raise UnknownReference(field=field, kind="user", id=person_id)
    for person_id in wanted:
        if not found[person_id]:
            raise PersonNotActive(person_id=person_id, where=field)


async def find_absences(session: AsyncSession, person_ids: Iterable[str], now: datetime) -> dict[str, Absence]:
    """Those of them who left or are away."""
    columns = (Person.id, Person.is_active, Person.away_from, Person.away_until)
    rows = (await session.execute(select(*columns).where(Person.id.in_(list(person_ids))))).all()
    return {row[0]: absent for row in rows if (absent := absence(row[1], row[2], row[3], now))}


async def list_people(
    session: AsyncSession, ask: Ask, *, q: str | None = None, active: bool | None = None
) -> Page[Person]:
    statement = select(Person)
    if q:
        pattern = f"%{escape_like(q.lower())}%"
        statement = statement.where(
            func.lower(Person.name).like(pattern, escape="\\")
            | Person.email.like(pattern, escape="\\")
            | Person.handle.like(pattern, escape="\\")
        )
    if active is not None:
        statement = statement.where(Person.is_active == active)
    rows, cursor = await fetch_page(session, statement, Order("people", Person.created_at, Person.id, False), ask)
    return Page([row[0] for row in rows], cursor)


def escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def teams_of(session: AsyncSession, person_ids: Sequence[str]) -> dict[str, list[str]]:
    statement = select(TeamMember.person_id, TeamMember.team_id).where(TeamMember.person_id.in_(person_ids))
    teams: dict[str, list[str]] = {}
    for person_id, team_id in (await session.execute(statement.order_by(TeamMember.team_id))).all():
        teams.setdefault(person_id, []).append(team_id)
    return teams


async def add_person(
    session: AsyncSession, *, person_id: str, email: str, name: str, handle: str, role: Role, active: bool = True
) -> Person:
    """Claims the placeholder that a webhook made for this e-mail, else makes the person; raises AlreadyExists."""
    email = email.lower()
    claimed = (
        await session.execute(select(Person).where(Person.email == email, ~Person.is_active))
    ).scalar_one_or_none()
    if await _taken(session, Person.handle, handle, claimed):
        raise AlreadyExists(kind="user", field="handle", value=handle)
    if claimed is not None:
        claimed.name, claimed.handle, claimed.role, claimed.is_active = name, handle, role.value, active
        claimed.version += 1
        await session.flush()
        return claimed
    values = {"id": person_id, "email": email, "name": name, "handle": handle, "role": role.value, "is_active": active}
    statement = insert(Person).values(**values).on_conflict_do_nothing().returning(Person)
    person = (await session.execute(statement)).scalar_one_or_none()
    if person is None:
        raise AlreadyExists(kind="user", field="email", value=email)
    return person


async def _taken(session: AsyncSession, column: Any, value: str, besides: Person | None) -> bool:
    holder = (await session.execute(select(Person.id).where(column == value))).scalar_one_or_none()
    return holder is not None and (besides is None or holder != besides.id)


async def ensure_people(session: AsyncSession, people: Sequence[tuple[str, str | None]]) -> list[Person]:
    """The people of those e-mails and names, in order; whoever is unknown is made, inactive, to be claimed."""
    wanted = {email.lower(): name for email, name in people}
    if not wanted:
        return []
    found = await _by_email(session, wanted)
    missing = sorted(email for email in wanted if email not in found)
    if missing:
        rows = [
            {
                "id": new_id("user"),
                "email": email,
                "name": wanted[email] or email.split("@")[0],
                "handle": _placeholder_handle(email),
                "role": Role.MEMBER.value,
                "is_active": False,
            }
            for email in missing
        ]
        await session.execute(insert(Person).values(rows).on_conflict_do_nothing())
        found = await _by_email(session, wanted)
    return [found[email] for email in wanted if email in found]


async def _by_email(session: AsyncSession, wanted: Iterable[str]) -> dict[str, Person]:
    return {
        person.email: person
        for person in (await session.execute(select(Person).where(Person.email.in_(list(wanted))))).scalars()
    }


def _placeholder_handle(email: str) -> str:
    local = re.sub(r"[^a-z0-9_-]", "-", email.split("@", maxsplit=1)[0].lower())[:30] or "person"
    return f"{local}-{new_id('u')[-8:]}"


async def change_person(
    session: AsyncSession, viewer: Viewer, person_id: str, changes: Mapping[str, Any], expected: int | None
) -> None:
    """Raises NotFound, StaleVersion or AlreadyExists (the handle)."""
    person = await session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if person is None:
        raise NotFound(kind="user", id=person_id)
    handle = changes.get("handle")
    if handle and await _taken(session, Person.handle, handle, person):
        raise AlreadyExists(kind="user", field="handle", value=handle)
    change_row(session, viewer, "user", person, changes, expected)
    await session.flush()


async def list_administrators(session: AsyncSession) -> list[str]:
    """Ids of active administrators, longest-serving first."""
    statement = select(Person.id).where(Person.role == Role.ADMIN.value, Person.is_active)
    return list((await session.execute(statement.order_by(Person.created_at, Person.id))).scalars())


async def find_team_leads(session: AsyncSession, team_ids: Iterable[str], *, seeing: str | None = None) -> list[str]:
    """Ids of active leads; with ``seeing`` only of those who may know of that postmortem."""
    statement = select(Team.lead_id).join(Person, Person.id == Team.lead_id)
    statement = statement.where(Team.id.in_(list(team_ids)), Person.is_active).order_by(Team.id)
    if seeing is not None:
        statement = statement.where(visible_to_person(seeing))
    return [lead for lead in (await session.execute(statement)).scalars() if lead]


# Tokens


async def add_token(
    session: AsyncSession,
    *,
    token_id: str,
    person_id: str,
    name: str,
    token_hash: bytes,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> ApiToken:
    """The same token again (a repeated first start) is left as it is."""
    values = {
        "id": token_id,
        "person_id": person_id,
        "name": name,
        "token_hash": token_hash,
        "scopes": list(scopes),
        "expires_at": expires_at,
    }
    await session.execute(insert(ApiToken).values(**values).on_conflict_do_nothing())
    return (await session.execute(select(ApiToken).where(ApiToken.token_hash == token_hash))).scalar_one()


async def list_tokens(session: AsyncSession, viewer: Viewer, ask: Ask) -> Page[ApiToken]:
    """One's own; an administrator sees everybody's."""
    statement = select(ApiToken)
    if not viewer.is_admin:
        statement = statement.where(ApiToken.person_id == viewer.person_id)
    rows, cursor = await fetch_page(session, statement, Order("tokens", ApiToken.created_at, ApiToken.id), ask)
    return Page([row[0] for row in rows], cursor)


async def revoke_token(session: AsyncSession, viewer: Viewer, token_id: str, now: datetime) -> ApiToken:
    token = await session.get(ApiToken, token_id)
    if token is None or not (viewer.is_admin or token.person_id == viewer.person_id):
        raise NotFound(kind="token", id=token_id)
    token.revoked_at = token.revoked_at or now
    return token

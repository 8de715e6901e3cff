"""People: finding, listing and adding rows of ``person``."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import any_, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role
from domain.errors import NotFound
from domain.people.absence import Absence, absence
from models.person import Person
from models.queries.access.visibility import visible_to_person
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, texts_of
from models.queries.rows import columns_of, read_rows
from models.team import Team, TeamMember


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
    return {one.id: one for one in await read_rows(session, Person, _BY_ID, ids=wanted)}


_BY_ID = Prebuilt(select(*columns_of(Person)).where(Person.id == any_(texts_of("ids"))))


async def find_by_name(session: AsyncSession, word: str) -> Person | None:
    """The person with this handle (with or without ``@``), e-mail address or id."""
    word = word.strip().removeprefix("@")
    statement = select(Person).where(
        (Person.handle == word.lower()) | (Person.email == word.lower()) | (Person.id == word)
    )
    return (await session.execute(statement.order_by(Person.id).limit(1))).scalar_one_or_none()


async def list_by_words(session: AsyncSession, words: str, limit: int) -> Sequence[Person]:
    """Active people whose name, or else a part of whose name, is these words; however they are written."""
    name, wanted = func.lower(Person.name), " ".join(words.lower().split())
    statement = select(Person).where(Person.is_active).order_by(Person.name, Person.id).limit(limit)
    exactly = (await session.execute(statement.where(name == wanted))).scalars().all()
    if exactly or not wanted:
        return exactly
    pattern = f"%{escape_like(wanted)}%"
    return (await session.execute(statement.where(name.like(pattern, escape="\\")))).scalars().all()


async def find_absences(session: AsyncSession, person_ids: Iterable[str], now: datetime) -> dict[str, Absence]:
    """Absences by id, of those who left or are away."""
    columns = (Person.id, Person.is_active, Person.away_from, Person.away_until)
    rows = (await session.execute(select(*columns).where(Person.id.in_(list(person_ids))))).all()
    return {row[0]: absent for row in rows if (absent := absence(row[1], row[2], row[3], now))}


def absences_of(some: Iterable[Person], now: datetime) -> dict[str, Absence]:
    """As :func:`find_absences`, of people who were read already."""
    found = {one.id: absence(one.is_active, one.away_from, one.away_until, now) for one in some}
    return {key: absent for key, absent in found.items() if absent}


async def list_people(
    session: AsyncSession, ask: Ask, *, q: str | None = None, active: bool | None = None, role: str | None = None
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
    if role:
        statement = statement.where(Person.role == role)
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


async def find_person_for_update(session: AsyncSession, person_id: str) -> Person | None:
    return await session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)


async def get_person_for_update(session: AsyncSession, person_id: str) -> Person:
    person = await find_person_for_update(session, person_id)
    if person is None:
        raise NotFound(kind="user", id=person_id)
    return person


async def find_inactive_by_email(session: AsyncSession, email: str) -> Person | None:
    statement = select(Person).where(Person.email == email, ~Person.is_active)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_id_by_handle(session: AsyncSession, handle: str) -> str | None:
    return (await session.execute(select(Person.id).where(Person.handle == handle))).scalar_one_or_none()


async def list_by_email(session: AsyncSession, emails: Iterable[str]) -> dict[str, Person]:
    statement = select(Person).where(Person.email.in_(list(emails)))
    return {person.email: person for person in (await session.execute(statement)).scalars()}


async def insert_person(
    session: AsyncSession, *, person_id: str, email: str, name: str, handle: str, role: Role, is_active: bool
) -> Person | None:
    """None if someone else has that e-mail address or handle."""
    values = {
        "id": person_id,
        "email": email,
        "name": name,
        "handle": handle,
        "role": role.value,
        "is_active": is_active,
    }
    statement = insert(Person).values(**values).on_conflict_do_nothing().returning(Person)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_activity(session: AsyncSession, person_ids: Sequence[str]) -> dict[str, bool]:
    """Whether each person is active, by id, for those of the ids that exist."""
    if not person_ids:
        return {}
    statement = select(Person.id, Person.is_active).where(Person.id.in_(person_ids))
    return {row.id: row.is_active for row in (await session.execute(statement)).all()}


async def list_administrators(session: AsyncSession) -> list[str]:
    """Ids of active administrators, longest-serving first."""
    statement = select(Person.id).where(Person.role == Role.ADMIN.value, Person.is_active)
    return list((await session.execute(statement.order_by(Person.created_at, Person.id))).scalars())


async def lock_administrators(session: AsyncSession) -> list[str]:
    """Ids of active administrators. Until the transaction ends, nobody else makes them anything else.

    Lock them before any other person: two transactions that do wait for each other in one order. Rows that refer to
    them (each reminder of an administrator is one) may be written meanwhile.
    """
    statement = select(Person.id).where(Person.role == Role.ADMIN.value, Person.is_active).order_by(Person.id)
    return list((await session.execute(statement.with_for_update(key_share=True))).scalars())


async def has_administrator(session: AsyncSession) -> bool:
    """Whether anyone can manage this installation."""
    statement = select(exists().where(Person.role == Role.ADMIN.value, Person.is_active))
    return bool((await session.execute(statement)).scalar_one())


async def find_by_email_for_update(session: AsyncSession, email: str) -> Person | None:
    statement = select(Person).where(Person.email == email).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_handles(session: AsyncSession, beginning: str) -> set[str]:
    statement = select(Person.handle).where(Person.handle.startswith(beginning, autoescape=True))
    return set((await session.execute(statement)).scalars())


async def find_team_leads(session: AsyncSession, team_ids: Iterable[str], *, seeing: str | None = None) -> list[str]:
    """Ids of active leads; with ``seeing`` only of those who may know of that postmortem."""
    statement = select(Team.lead_id).join(Person, Person.id == Team.lead_id)
    statement = statement.where(Team.id.in_(list(team_ids)), Person.is_active).order_by(Team.id)
    if seeing is not None:
        statement = statement.where(visible_to_person(seeing))
    return [lead for lead in (await session.execute(statement)).scalars() if lead]

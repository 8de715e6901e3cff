"""Which account each person has in a connection."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import AccountTaken, NotFound
from models.account import PersonAccount
from models.base import derived_id
from models.person import Person
from models.queries.audit.records import audit
from models.queries.pagination import Ask, Order, Page, fetch_page


@dataclass(frozen=True, slots=True)
class Pair:
    """What somebody says: this person is that account. ``source`` is MANUAL, IMPORT or EMAIL."""

    person_id: str
    account: str
    label: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Owned:
    """A row of the table with its person."""

    row: PersonAccount
    person: Person


async def list_accounts(session: AsyncSession, integration_id: str, ask: Ask) -> Page[Owned]:
    """Lists the postmortem's action items, oldest first."""
    statement = (
        select(PersonAccount, Person)
        .join(Person, Person.id == PersonAccount.person_id)
        .where(PersonAccount.integration_id == integration_id)
    )
    order = Order("accounts", PersonAccount.created_at, PersonAccount.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([Owned(row[0], row[1]) for row in rows], cursor)


async def find_account(session: AsyncSession, integration_id: str, person_id: str) -> PersonAccount | None:
    statement = select(PersonAccount).where(
        PersonAccount.integration_id == integration_id, PersonAccount.person_id == person_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_person_of(session: AsyncSession, integration_id: str, account: str) -> str | None:
    """The id of whoever has that account."""
    statement = select(PersonAccount.person_id).where(
        PersonAccount.integration_id == integration_id, PersonAccount.account == account
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def accounts_by_person(session: AsyncSession, integration_id: str) -> dict[str, PersonAccount]:
    statement = select(PersonAccount).where(PersonAccount.integration_id == integration_id)
    return {one.person_id: one for one in (await session.execute(statement)).scalars()}


async def people_by_email(session: AsyncSession, emails: Collection[str]) -> dict[str, Person]:
    """Active people by e-mail in small letters."""
    wanted = sorted({one.lower() for one in emails})
    statement = select(Person).where(Person.email.in_(wanted), Person.is_active)
    return {one.email: one for one in (await session.execute(statement)).scalars()} if wanted else {}


async def set_account(session: AsyncSession, viewer: Viewer, integration_id: str, pair: Pair) -> PersonAccount:
    """The person has this account from now on. The connection's row must be locked. Raises AccountTaken."""
    holder = await find_person_of(session, integration_id, pair.account)
    if holder is not None and holder != pair.person_id:
        raise AccountTaken(account=pair.account, person_id=holder)
    row = await find_account(session, integration_id, pair.person_id)
    before = _told(row) if row else None
    if row is None:
        row = PersonAccount(
            id=derived_id("acc", integration_id, pair.person_id),
            integration_id=integration_id,
            person_id=pair.person_id,
            account=pair.account,
            label=pair.label,
            source=pair.source,
        )
        session.add(row)
    elif (row.account, row.label) != (pair.account, pair.label):
        row.account, row.label, row.source = pair.account, pair.label, pair.source
    after = _told(row)
    if before != after:
        audit(session, viewer, "account.set", "integration", integration_id, before=before, after=after)
    await session.flush()
    return row


async def set_accounts(session: AsyncSession, viewer: Viewer, integration_id: str, pairs: Sequence[Pair]) -> int:
    """Many at once, each without a conflict (:func:`conflicts`); how many said something new."""
    known = await accounts_by_person(session, integration_id)
    new = [
        one
        for one in pairs
        if one.person_id not in known or (known[one.person_id].account, known[one.person_id].label) != _said(one)
    ]
    moving = [known[one.person_id].id for one in new if one.person_id in known]
    before = {one.person_id: known[one.person_id].account for one in new if one.person_id in known}
    if moving:  # two people may exchange accounts
        await session.execute(delete(PersonAccount).where(PersonAccount.id.in_(moving)))
        for row in known.values():
            if row.id in moving:
                session.expunge(row)
    for one in new:
        session.add(
            PersonAccount(
                id=derived_id("acc", integration_id, one.person_id),
                integration_id=integration_id,
                person_id=one.person_id,
                account=one.account,
                label=one.label,
                source=one.source,
            )
        )
    if new:
        after = {one.person_id: one.account for one in new}
        audit(session, viewer, "account.imported", "integration", integration_id, before=before or None, after=after)
    await session.flush()
    return len(new)


def _said(pair: Pair) -> tuple[str, str | None]:
    return pair.account, pair.label


def conflicts(known: Iterable[PersonAccount], pairs: Sequence[Pair]) -> dict[int, str]:
    """By place, what is wrong with a pair: its person or account named twice, or the account is another one's who
    keeps it."""
    said_people: dict[str, int] = {}
    said_accounts: dict[str, int] = {}
    leaving = {one.person_id for one in pairs}
    held = {one.account: one.person_id for one in known if one.person_id not in leaving}
    wrong: dict[int, str] = {}
    for place, one in enumerate(pairs):
        if (first := said_people.setdefault(one.person_id, place)) != place:
            wrong[place] = f"{one.person_id} is already listed in pair {first + 1}"
        elif (first := said_accounts.setdefault(one.account, place)) != place:
            wrong[place] = f"the account '{one.account}' is already listed in pair {first + 1}"
        elif one.account in held:
            wrong[place] = f"the account '{one.account}' is already linked to {held[one.account]}"
    return wrong


async def drop_account(session: AsyncSession, viewer: Viewer, integration_id: str, person_id: str) -> None:
    """Raises NotFound."""
    row = await find_account(session, integration_id, person_id)
    if row is None:
        raise NotFound(kind="linked account of", id=person_id)
    audit(session, viewer, "account.dropped", "integration", integration_id, before=_told(row))
    await session.delete(row)
    await session.flush()


def _told(row: PersonAccount) -> dict[str, str | None]:
    return {"personId": row.person_id, "account": row.account, "label": row.label}

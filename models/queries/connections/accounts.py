"""Statements about which account each person has in a connection."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.accounts import AccountPair
from models.base import derived_id
from models.integration import PersonAccount
from models.person import Person
from models.queries.pagination import Ask, Order, Page, fetch_page


@dataclass(frozen=True, slots=True)
class AccountOfPerson:
    """A row with its person."""

    row: PersonAccount
    person: Person


async def list_accounts(session: AsyncSession, integration_id: str, ask: Ask) -> Page[AccountOfPerson]:
    """Lists the postmortem's action items, oldest first."""
    statement = (
        select(PersonAccount, Person)
        .join(Person, Person.id == PersonAccount.person_id)
        .where(PersonAccount.integration_id == integration_id)
    )
    order = Order("accounts", PersonAccount.created_at, PersonAccount.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([AccountOfPerson(row[0], row[1]) for row in rows], cursor)


async def find_account(session: AsyncSession, integration_id: str, person_id: str) -> PersonAccount | None:
    statement = select(PersonAccount).where(
        PersonAccount.integration_id == integration_id, PersonAccount.person_id == person_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_person_id(session: AsyncSession, integration_id: str, account: str) -> str | None:
    """The id of the person who has that account."""
    statement = select(PersonAccount.person_id).where(
        PersonAccount.integration_id == integration_id, PersonAccount.account == account
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def accounts_by_person(session: AsyncSession, integration_id: str) -> dict[str, PersonAccount]:
    statement = select(PersonAccount).where(PersonAccount.integration_id == integration_id)
    return {one.person_id: one for one in (await session.execute(statement)).scalars()}


async def people_by_email(session: AsyncSession, emails: Collection[str]) -> dict[str, Person]:
    """Active people by lower-case e-mail."""
    wanted = sorted({one.lower() for one in emails})
    statement = select(Person).where(Person.email.in_(wanted), Person.is_active)
    return {one.email: one for one in (await session.execute(statement)).scalars()} if wanted else {}


def insert_account(session: AsyncSession, integration_id: str, pair: AccountPair) -> PersonAccount:
    row = PersonAccount(
        id=derived_id("acc", integration_id, pair.person_id),
        integration_id=integration_id,
        person_id=pair.person_id,
        account=pair.account,
        label=pair.label,
        source=pair.source,
    )
    session.add(row)
    return row


async def delete_account(session: AsyncSession, row: PersonAccount) -> None:
    await session.delete(row)


async def delete_accounts(session: AsyncSession, rows: Sequence[PersonAccount]) -> None:
    """Also forgets the rows, so that new ones with the same ids can be inserted."""
    await session.execute(delete(PersonAccount).where(PersonAccount.id.in_([one.id for one in rows])))
    for row in rows:
        session.expunge(row)

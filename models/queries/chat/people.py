"""SQL about people and their accounts in a chat."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import derived_id
from models.integration import PersonAccount
from models.person import Person


async def find_person(session: AsyncSession, integration_id: str, account: str) -> Person | None:
    """The person whose account that is, by the table of accounts; deactivated people are found, too."""
    statement = (
        select(Person)
        .join(PersonAccount, PersonAccount.person_id == Person.id)
        .where(PersonAccount.integration_id == integration_id, PersonAccount.account == account)
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


async def find_active_by_email(session: AsyncSession, email: str) -> Person | None:
    statement = select(Person).where(Person.email == email.lower(), Person.is_active)
    return (await session.execute(statement)).scalar_one_or_none()


async def insert_account(session: AsyncSession, integration_id: str, account: str, person_id: str, label: str) -> None:
    """Keep a match by e-mail. A person who has an account already keeps that one."""
    values = {
        "id": derived_id("acc", integration_id, account),
        "integration_id": integration_id,
        "person_id": person_id,
        "account": account,
        "label": label[:200],
        "source": "EMAIL",
    }
    await session.execute(insert(PersonAccount).values(values).on_conflict_do_nothing())


async def list_accounts_of(session: AsyncSession, integration_id: str, person_id: str) -> list[str]:
    statement = select(PersonAccount.account).where(
        PersonAccount.integration_id == integration_id, PersonAccount.person_id == person_id
    )
    return list((await session.execute(statement)).scalars())


async def list_names(session: AsyncSession, integration_id: str, accounts: Sequence[str]) -> dict[str, str]:
    """The names of people by their accounts."""
    statement = (
        select(PersonAccount.account, Person.name)
        .join(Person, Person.id == PersonAccount.person_id)
        .where(PersonAccount.integration_id == integration_id, PersonAccount.account.in_(list(accounts)))
    )
    return {one[0]: one[1] for one in await session.execute(statement)}

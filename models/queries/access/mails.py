"""Rows of ``sign_in_mail``: sign-in links that are to be sent by e-mail."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.person import Person, SignInMail
from models.queries.prebuilt import without_workflow


def insert_mail(session: AsyncSession, *, mail_id: str, email: str, wanted: str) -> None:
    session.add(SignInMail(id=mail_id, email=email, wanted=wanted))


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    return [one["id"] for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = without_workflow(SignInMail, SignInMail.id)


async def take_mail_unscoped(session: AsyncSession, mail_id: str) -> SignInMail | None:
    """Locked, and marked as one that has its workflow."""
    await session.execute(update(SignInMail).where(SignInMail.id == mail_id).values(workflow_started=True))
    return await session.get(SignInMail, mail_id, with_for_update=True, populate_existing=True)


async def find_active_by_email(session: AsyncSession, email: str) -> Person | None:
    statement = select(Person).where(Person.email == email, Person.is_active)
    return (await session.execute(statement)).scalar_one_or_none()


async def delete_mail(session: AsyncSession, mail_id: str) -> None:
    await session.execute(delete(SignInMail).where(SignInMail.id == mail_id))


async def delete_old(session: AsyncSession, before: datetime, limit: int) -> int:
    """Those that nothing became of: an address is not kept."""
    old = select(SignInMail.id).where(SignInMail.created_at < before).limit(limit)
    return len((await session.execute(delete(SignInMail).where(SignInMail.id.in_(old)).returning(SignInMail.id))).all())

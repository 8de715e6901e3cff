"""Rows of ``public_summary``, and what a new summary is started from. The callers check who may read or write."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.action_item import ActionItem
from models.content import Section
from models.person import Person
from models.postmortem import Postmortem
from models.sharing import PublicSummary, SharingSettings

MOST_PEOPLE = 20_000


async def find_summary(session: AsyncSession, postmortem_id: str) -> PublicSummary | None:
    """Also a deleted one, whose text is None. Whoever writes has locked the postmortem."""
    return await session.get(PublicSummary, postmortem_id, populate_existing=True)


async def get_or_insert_summary(session: AsyncSession, postmortem_id: str) -> PublicSummary:
    """The row to write; one that is new has no text and the version 0."""
    values = {"postmortem_id": postmortem_id, "version": 0, "listed": False}
    await session.execute(insert(PublicSummary).values(**values).on_conflict_do_nothing())
    return await session.get_one(PublicSummary, postmortem_id, populate_existing=True)


async def was_published(session: AsyncSession, postmortem_id: str) -> bool:
    """Once, whatever its status is now. Also where the history of an old one doesn't say."""
    statement = select(ever_published()).where(Postmortem.id == postmortem_id)
    return bool((await session.execute(statement)).scalar_one())


def ever_published() -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`."""
    return Postmortem.first_published_at.is_not(None) | ~Postmortem.first_published_at_known


@dataclass(frozen=True, slots=True)
class Material:
    """``measures``: action items that aren't refused, and how many of them are done."""

    summary: str
    measures: int
    measures_done: int


async def read_material(session: AsyncSession, postmortem_id: str) -> Material:
    text = select(Section.body).where(Section.postmortem_id == postmortem_id, Section.name == "summary")
    counts = select(
        func.count().filter(ActionItem.status != "WONT_DO"), func.count().filter(ActionItem.status == "COMPLETED")
    ).where(ActionItem.postmortem_id == postmortem_id)
    total, done = (await session.execute(counts)).one()
    return Material((await session.execute(text)).scalar_one_or_none() or "", total, done)


async def list_names(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """Name and handle of everyone, also of those who left."""
    statement = select(Person.name, Person.handle).order_by(Person.is_active.desc(), Person.id).limit(MOST_PEOPLE)
    return [(name, handle) for name, handle in (await session.execute(statement)).all()]


async def get_settings(session: AsyncSession, *, lock: bool = False) -> SharingSettings:
    return await session.get_one(SharingSettings, 1, with_for_update=lock, populate_existing=True)

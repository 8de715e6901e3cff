"""Rows of sections. No query here checks who may read or write: the callers do."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.content.sections import NewRevision, Origin, SectionText
from models.base import Base
from models.content import Section, SectionRevision

_COLUMNS = (Section.name, Section.body, Section.revision, Section.updated_at, Section.updated_by)


async def find_section_texts(
    session: AsyncSession, postmortem_id: str, names: Collection[str] | None = None
) -> dict[str, SectionText]:
    """The sections that were ever written, by name."""
    statement = select(*_COLUMNS).where(Section.postmortem_id == postmortem_id)
    if names is not None:
        statement = statement.where(Section.name.in_(sorted(names)))
    return {row[0]: SectionText(*row) for row in (await session.execute(statement)).all()}


async def get_section_text(session: AsyncSession, postmortem_id: str, name: str) -> SectionText:
    """An empty text with revision 0 if it was never written."""
    return (await find_section_texts(session, postmortem_id, [name])).get(name, SectionText(name))


def section_rows(
    postmortem_id: str, revisions: Sequence[NewRevision], *, author_id: str | None, origin: Origin, now: datetime
) -> dict[type[Base], list[dict[str, Any]]]:
    """The sections of a new postmortem, with their histories."""
    key = {"postmortem_id": postmortem_id}
    edited = {"updated_at": now, "updated_by": author_id}
    written = {"author_id": author_id, "at": now, "origin": origin.value}
    return {
        Section: [{**key, "name": one.name, "body": one.body, "revision": one.revision, **edited} for one in revisions],
        SectionRevision: [{**key, **asdict(one), **written} for one in revisions],
    }


async def upsert_sections(
    session: AsyncSession, postmortem_id: str, revisions: Sequence[NewRevision], *, author_id: str | None, now: datetime
) -> None:
    """Makes each revision the current text of its section."""
    rows = [
        {
            "postmortem_id": postmortem_id,
            "name": one.name,
            "body": one.body,
            "revision": one.revision,
            "updated_at": now,
            "updated_by": author_id,
        }
        for one in revisions
    ]
    statement = insert(Section).values(rows)
    changed = {one: statement.excluded[one] for one in ("body", "revision", "updated_at", "updated_by")}
    await session.execute(statement.on_conflict_do_update(index_elements=["postmortem_id", "name"], set_=changed))

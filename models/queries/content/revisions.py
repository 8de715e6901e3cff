"""Rows of the history of sections. No query here checks who may read or write: the callers do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.content.sections import NewRevision, Origin
from domain.errors import NotFound
from models.content import Section, SectionRevision
from models.queries.pagination import Ask, Order, Page, fetch_page


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of the history, without its text. ``characters`` counts code points. ``previous`` is the revision that
    the history shows before it."""

    revision: int
    author_id: str | None
    at: datetime
    origin: Origin
    restored_from: int | None
    characters: int
    added_lines: int
    removed_lines: int
    previous: int


def _previous(revision: Any, postmortem_id: str, name: str) -> Any:
    earlier = aliased(SectionRevision)
    statement = select(func.coalesce(func.max(earlier.revision), 0)).where(
        earlier.postmortem_id == postmortem_id, earlier.name == name, earlier.superseded_at.is_(None)
    )
    return statement.where(earlier.revision < revision).scalar_subquery()


async def list_revisions(session: AsyncSession, postmortem_id: str, name: str, ask: Ask) -> Page[Revision]:
    """Newest first."""
    row = SectionRevision
    statement = select(
        row.revision,
        row.author_id,
        row.at,
        row.origin,
        row.restored_from,
        func.char_length(row.body),
        row.added_lines,
        row.removed_lines,
        _previous(row.revision, postmortem_id, name),
    ).where(row.postmortem_id == postmortem_id, row.name == name, row.superseded_at.is_(None))
    order = Order(f"revisions of {name}", row.revision, row.revision)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([Revision(one[0], one[1], one[2], Origin(one[3]), *one[4:9]) for one in rows], cursor)


async def get_revision(session: AsyncSession, postmortem_id: str, name: str, revision: int) -> SectionRevision:
    """Raises :class:`NotFound`."""
    found = await session.get(SectionRevision, (postmortem_id, name, revision))
    if found is None or found.superseded_at is not None:
        raise NotFound(kind="revision", id=f"{name}@{revision}")
    return found


async def find_revision_texts(
    session: AsyncSession, postmortem_id: str, name: str, revisions: Collection[int]
) -> dict[int, str]:
    """The texts of those revisions, also of those that a later save replaced in the history. Revision 0 is the empty
    text before the first one."""
    statement = select(SectionRevision.revision, SectionRevision.body).where(
        SectionRevision.postmortem_id == postmortem_id,
        SectionRevision.name == name,
        SectionRevision.revision.in_(sorted(revisions)),
    )
    return {0: "", **{row.revision: row.body for row in await session.execute(statement)}}


async def get_previous_revision(session: AsyncSession, postmortem_id: str, name: str, revision: int) -> int:
    """The one that the history shows before it; 0 if it is the first."""
    statement = select(_previous(revision, postmortem_id, name))
    return int((await session.execute(statement)).scalar_one())


@dataclass(frozen=True, slots=True)
class SectionPair:
    """A section's text at an earlier time, empty if it had none, and now."""

    name: str
    older: str
    newer: str


async def list_changed_sections(
    session: AsyncSession, postmortem_id: str, at: datetime, known: Mapping[str, int] | None
) -> list[SectionPair]:
    """Sections whose text is not what it was at that time: one statement. ``known`` are their revisions then, by name,
    if they were kept; without, the last ones from before ``at`` are taken."""
    row = SectionRevision
    earlier = select(row.name, row.body).where(row.postmortem_id == postmortem_id)
    if known is None:
        last = distinct_on(row.name)
        earlier = earlier.where(row.at <= at).order_by(row.name, row.revision.desc()).ext(last)
    else:
        kept = [and_(row.name == name, row.revision == revision) for name, revision in sorted(known.items())]
        earlier = earlier.where(or_(false(), *kept))
    then = earlier.subquery()
    older, newer = func.coalesce(then.c.body, ""), Section.body
    statement = (
        select(Section.name, older, newer)
        .outerjoin(then, then.c.name == Section.name)
        .where(Section.postmortem_id == postmortem_id, older != newer)
    )
    return [SectionPair(*one) for one in await session.execute(statement)]


async def insert_revisions(
    session: AsyncSession,
    postmortem_id: str,
    revisions: Sequence[NewRevision],
    *,
    author_id: str | None,
    origin: Origin,
    now: datetime,
    restored_from: int | None = None,
) -> None:
    rows = [
        {
            "postmortem_id": postmortem_id,
            "name": one.name,
            "body": one.body,
            "revision": one.revision,
            "author_id": author_id,
            "at": now,
            "origin": origin.value,
            "restored_from": restored_from,
            "added_lines": one.added_lines,
            "removed_lines": one.removed_lines,
        }
        for one in revisions
    ]
    await session.execute(insert(SectionRevision).values(rows))

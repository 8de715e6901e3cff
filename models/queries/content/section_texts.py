"""The rows of sections: what stands, what is filled, and writing with history. No access rule: the callers have one.

Whoever writes has locked the postmortem's row, so that a section's revisions follow each other.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.content.sections import STANDARD, Origin
from models.section import Section, SectionRevision


@dataclass(frozen=True, slots=True)
class Body:
    """A section's text and its revision, which is 0 where nobody ever wrote it."""

    text: str = ""
    revision: int = 0


UNWRITTEN = Body()


async def read_bodies(
    session: AsyncSession, postmortem_id: str, names: Collection[str] | None = None
) -> dict[str, Body]:
    """The sections that were ever written, by name."""
    statement = select(Section.name, Section.body, Section.revision).where(Section.postmortem_id == postmortem_id)
    if names is not None:
        statement = statement.where(Section.name.in_(sorted(names)))
    return {name: Body(text, revision) for name, text, revision in (await session.execute(statement)).all()}


async def write_bodies(
    session: AsyncSession,
    postmortem_id: str,
    texts: Mapping[str, str],
    standing: Mapping[str, Body],
    *,
    author_id: str | None,
    origin: Origin,
    now: datetime,
    restored_from: int | None = None,
) -> dict[str, int]:
    """Gives each section whose text differs from the standing one a new revision; those new revisions, by name.

    A custom section gets its first revision also without a text: by its row it is known.
    """
    sections: list[dict[str, Any]] = []
    revisions: list[dict[str, Any]] = []
    for name, text in texts.items():
        before = standing.get(name, UNWRITTEN)
        if text == before.text and (before.revision or name in STANDARD):
            continue
        key = {"postmortem_id": postmortem_id, "name": name, "body": text, "revision": before.revision + 1}
        added, removed = _lines_changed(before.text, text)
        sections.append({**key, "updated_at": now, "updated_by": author_id})
        revisions.append(
            {
                **key,
                "author_id": author_id,
                "at": now,
                "origin": origin.value,
                "restored_from": restored_from,
                "added_lines": added,
                "removed_lines": removed,
            }
        )
    if sections:
        statement = insert(Section).values(sections)
        changed = {one: statement.excluded[one] for one in ("body", "revision", "updated_at", "updated_by")}
        await session.execute(statement.on_conflict_do_update(index_elements=["postmortem_id", "name"], set_=changed))
        await session.execute(insert(SectionRevision).values(revisions))
    return {one["name"]: one["revision"] for one in sections}


def _lines_changed(before: str, after: str) -> tuple[int, int]:
    """Lines that are new, and lines that are gone; one that only moved is neither."""
    old, new = (Counter(text.split("\n")) if text else Counter[str]() for text in (before, after))
    return (new - old).total(), (old - new).total()

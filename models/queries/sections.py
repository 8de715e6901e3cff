"""Sections as people reach them: reading, saving with a merge, history, restoring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Viewer
from domain.errors import NotFound, SectionConflict
from domain.lifecycle import Status
from domain.merging import merge
from domain.sections import STANDARD, Origin
from models.queries.bodies import UNWRITTEN, Body, read_bodies, write_bodies
from models.queries.pages import Ask, Order, Page, fetch_page
from models.queries.postmortems import Seen, content_changed, get_seen
from models.queries.records import audit
from models.section import Section, SectionRevision


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save led to. ``started``: it started the draft."""

    merged: bool = False
    started: bool = False


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One line of the history. ``size`` is in bytes."""

    revision: int
    author_id: str | None
    at: datetime
    origin: str
    restored_from: int | None
    size: int
    added_lines: int
    removed_lines: int


async def list_sections(session: AsyncSession, viewer: Viewer, postmortem_id: str) -> dict[str, Section]:
    await get_seen(session, viewer, postmortem_id)
    statement = select(Section).where(Section.postmortem_id == postmortem_id)
    rows = (await session.execute(statement.execution_options(populate_existing=True))).scalars()
    return {one.name: one for one in rows}


async def find_section(session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str) -> Section | None:
    """None for a standard section that nobody wrote. Raises NotFound for a name that the postmortem has not."""
    await get_seen(session, viewer, postmortem_id)
    section = await session.get(Section, (postmortem_id, name), populate_existing=True)
    if section is None and name not in STANDARD:
        raise NotFound(kind="section", id=name)
    return section


async def save_section(
    session: AsyncSession,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    text: str,
    base: int | None,
    now: datetime,
) -> Saved:
    """Saves a text that was written on top of revision ``base``; None is the current one, whichever that is.

    Raises NotFound, EditingClosed, and SectionConflict where it does not go together with what others saved.
    """
    seen, standing = await _standing(session, viewer, postmortem_id, name)
    if text == standing.text:
        return Saved()
    if base is None or base == standing.revision:
        return Saved(started=await _write(session, viewer, seen, name, text, standing, Origin.EDIT, now))
    earlier = "" if base == 0 else await _find_text(session, postmortem_id, name, base)
    together = None if earlier is None else merge(earlier, text, standing.text)
    if together is None:
        raise SectionConflict(
            section=name, yours=text, current=standing.text, base=earlier, currentRevision=standing.revision
        )
    if together == standing.text:
        return Saved(merged=True)
    return Saved(True, await _write(session, viewer, seen, name, together, standing, Origin.MERGE, now))


async def restore_section(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, revision: int, now: datetime
) -> Saved:
    """A new revision with the text of an old one."""
    seen, standing = await _standing(session, viewer, postmortem_id, name)
    text = await _text(session, postmortem_id, name, revision)
    if text == standing.text:
        return Saved()
    origin = Origin.RESTORE
    return Saved(started=await _write(session, viewer, seen, name, text, standing, origin, now, revision))


async def _standing(session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str) -> tuple[Seen, Body]:
    seen = await get_seen(session, viewer, postmortem_id, lock=True)
    bodies = await read_bodies(session, postmortem_id, [name])
    if name not in STANDARD and name not in bodies:
        raise NotFound(kind="section", id=name)
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    return seen, bodies.get(name, UNWRITTEN)


async def _write(
    session: AsyncSession,
    viewer: Viewer,
    seen: Seen,
    name: str,
    text: str,
    standing: Body,
    origin: Origin,
    now: datetime,
    restored_from: int | None = None,
) -> bool:
    postmortem_id = seen.postmortem.id
    written = await write_bodies(
        session,
        postmortem_id,
        {name: text},
        {name: standing},
        author_id=viewer.person_id,
        origin=origin,
        now=now,
        restored_from=restored_from,
    )
    before = {"section": name, "revision": standing.revision}
    after = {"section": name, "revision": written[name], "origin": origin.value}
    entity = ("postmortem", postmortem_id)
    audit(session, viewer, "section.saved", *entity, postmortem_id=postmortem_id, before=before, after=after)
    return await content_changed(session, seen, now)


# History


async def list_revisions(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, ask: Ask
) -> Page[RevisionLine]:
    """Newest first."""
    await find_section(session, viewer, postmortem_id, name)
    statement = select(
        SectionRevision.revision,
        SectionRevision.author_id,
        SectionRevision.at,
        SectionRevision.origin,
        SectionRevision.restored_from,
        func.octet_length(SectionRevision.body),
        SectionRevision.added_lines,
        SectionRevision.removed_lines,
    ).where(SectionRevision.postmortem_id == postmortem_id, SectionRevision.name == name)
    order = Order(f"revisions:{name}", SectionRevision.revision, SectionRevision.revision)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([RevisionLine(*row[:8]) for row in rows], cursor)


async def get_revision(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, revision: int
) -> SectionRevision:
    await find_section(session, viewer, postmortem_id, name)
    row = await session.get(SectionRevision, (postmortem_id, name, revision))
    if row is None:
        raise NotFound(kind="revision", id=str(revision))
    return row


async def get_texts(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, revisions: Sequence[int]
) -> list[str]:
    """The texts of those revisions; 0 is the empty one before the first."""
    await find_section(session, viewer, postmortem_id, name)
    return [await _text(session, postmortem_id, name, one) if one else "" for one in revisions]


async def _text(session: AsyncSession, postmortem_id: str, name: str, revision: int) -> str:
    text = await _find_text(session, postmortem_id, name, revision)
    if text is None:
        raise NotFound(kind="revision", id=str(revision))
    return text


async def _find_text(session: AsyncSession, postmortem_id: str, name: str, revision: int) -> str | None:
    statement = select(SectionRevision.body).where(
        SectionRevision.postmortem_id == postmortem_id,
        SectionRevision.name == name,
        SectionRevision.revision == revision,
    )
    return (await session.execute(statement)).scalar_one_or_none()

"""A postmortem's texts one by one: reading, saving and merging them, their history, and bringing back an old one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Viewer
from domain.content.merging import merge
from domain.content.sections import TEXT_LIMIT, Origin
from domain.errors import NotFound, SectionConflict, SectionNotInTemplate
from domain.postmortems.lifecycle import Status
from models.queries.content.kept_templates import get_kept
from models.queries.content.section_texts import UNWRITTEN, Body, read_bodies, write_bodies
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import VisiblePostmortem, audit_seen, content_changed, get_visible
from models.section import Section, SectionRevision


@dataclass(frozen=True, slots=True)
class SectionText:
    """Revision 0: nobody ever wrote it. ``updated_by`` None: the system did."""

    name: str
    body: str = ""
    revision: int = 0
    updated_at: datetime | None = None
    updated_by: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """``merged``: the text is not the one that was sent. ``started``: the draft was begun by this."""

    section: SectionText
    merged: bool
    started: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of the history, without its text. ``characters`` counts code points."""

    revision: int
    author_id: str | None
    at: datetime
    origin: Origin
    restored_from: int | None
    characters: int
    added_lines: int
    removed_lines: int


# Reading


async def list_sections(session: AsyncSession, viewer: Viewer, postmortem_id: str) -> Sequence[SectionText]:
    """Every section of the template that holds a text, in its order, also those without one. Raises NotFound."""
    seen = await get_visible(session, viewer, postmortem_id)
    kept = await get_kept(session, seen.postmortem)
    rows = (await session.execute(select(Section).where(Section.postmortem_id == postmortem_id))).scalars()
    written = {one.name: _text(one) for one in rows}
    return [written.get(name, SectionText(name)) for name in kept.text_keys]


async def get_section(session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str) -> SectionText:
    """Raises NotFound."""
    await _check_readable(session, viewer, postmortem_id, name)
    return await _standing(session, postmortem_id, name)


async def _check_readable(session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str) -> None:
    seen = await get_visible(session, viewer, postmortem_id)
    if name not in (await get_kept(session, seen.postmortem)).text_keys:
        raise NotFound(kind="section", id=name)


async def _standing(session: AsyncSession, postmortem_id: str, name: str) -> SectionText:
    row = await session.get(Section, (postmortem_id, name), populate_existing=True)
    return SectionText(name) if row is None else _text(row)


def _text(row: Section) -> SectionText:
    return SectionText(row.name, row.body, row.revision, row.updated_at, row.updated_by)


# The history


async def list_revisions(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, ask: Ask
) -> Page[Revision]:
    """Newest first. Raises NotFound."""
    await _check_readable(session, viewer, postmortem_id, name)
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
    ).where(row.postmortem_id == postmortem_id, row.name == name)
    order = Order(f"revisions of {name}", row.revision, row.revision)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([Revision(one[0], one[1], one[2], Origin(one[3]), *one[4:8]) for one in rows], cursor)


async def get_revision(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, revision: int
) -> SectionRevision:
    """Raises NotFound."""
    await _check_readable(session, viewer, postmortem_id, name)
    return await _revision(session, postmortem_id, name, revision)


async def _revision(session: AsyncSession, postmortem_id: str, name: str, revision: int) -> SectionRevision:
    found = await session.get(SectionRevision, (postmortem_id, name, revision))
    if found is None:
        raise NotFound(kind="revision", id=f"{name}@{revision}")
    return found


async def get_two_texts(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str, older: int | None, newer: int | None
) -> tuple[Body, Body]:
    """Two revisions of a section: the standing one unless told, and the one before it unless told.

    Revision 0 is the empty text before the first one. Raises NotFound.
    """
    section = await get_section(session, viewer, postmortem_id, name)
    to_revision = section.revision if newer is None else newer
    from_revision = max(0, to_revision - 1) if older is None else older
    texts = await _bodies(session, postmortem_id, name, {from_revision, to_revision})
    for one in (from_revision, to_revision):
        if one not in texts:
            raise NotFound(kind="revision", id=f"{name}@{one}")
    return Body(texts[from_revision], from_revision), Body(texts[to_revision], to_revision)


async def _bodies(session: AsyncSession, postmortem_id: str, name: str, revisions: set[int]) -> dict[int, str]:
    statement = select(SectionRevision.revision, SectionRevision.body).where(
        SectionRevision.postmortem_id == postmortem_id,
        SectionRevision.name == name,
        SectionRevision.revision.in_(sorted(revisions)),
    )
    return {0: "", **{row.revision: row.body for row in await session.execute(statement)}}


# Writing


async def save_section(
    session: AsyncSession,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    text: str,
    *,
    base_revision: int | None,
    now: datetime,
) -> Saved:
    """Makes the text the newest revision; the postmortem's row is locked first.

    With the revision that it was written upon, what others changed since then is merged into it. Without one it stands
    as it is, and what it replaces is in the history. Raises NotFound, EditingClosed, SectionNotInTemplate,
    SectionConflict.
    """
    seen, standing = await _lock(session, viewer, postmortem_id, name)
    result, origin = text, Origin.EDIT
    if base_revision not in {None, standing.revision}:
        result = await _merged(session, postmortem_id, name, text, standing, base_revision)
        origin = Origin.EDIT if result == text else Origin.MERGE
    return await _write(session, viewer, seen, name, standing, text=result, sent=text, origin=origin, now=now)


async def restore_section(
    session: AsyncSession,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    revision: int,
    *,
    base_revision: int | None,
    now: datetime,
) -> Saved:
    """Makes the text of an earlier revision the newest one, unless a newer one than ``base_revision`` stands.

    Raises NotFound, EditingClosed, SectionNotInTemplate, SectionConflict.
    """
    seen, standing = await _lock(session, viewer, postmortem_id, name)
    old = await _revision(session, postmortem_id, name, revision)
    if base_revision not in {None, standing.revision}:
        raise _conflict(name, old.body, standing, base_revision, None)
    return await _write(
        session,
        viewer,
        seen,
        name,
        standing,
        text=old.body,
        sent=old.body,
        origin=Origin.RESTORE,
        now=now,
        restored_from=revision,
    )


async def _lock(session: AsyncSession, viewer: Viewer, postmortem_id: str, name: str) -> tuple[VisiblePostmortem, Body]:
    seen = await get_visible(session, viewer, postmortem_id, lock=True)
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    known = (await get_kept(session, seen.postmortem)).text_keys
    if name not in known:
        raise SectionNotInTemplate(section=name, known=", ".join(known))
    return seen, (await read_bodies(session, postmortem_id, [name])).get(name, UNWRITTEN)


async def _merged(
    session: AsyncSession, postmortem_id: str, name: str, text: str, standing: Body, base_revision: int | None
) -> str:
    base = None
    if base_revision is not None and base_revision < standing.revision:
        base = (await _bodies(session, postmortem_id, name, {base_revision}))[base_revision]
        merged = await asyncio.to_thread(merge, base, text, standing.text, limit=TEXT_LIMIT)
        if merged is not None:
            return merged
    raise _conflict(name, text, standing, base_revision, base)


def _conflict(name: str, yours: str, standing: Body, base_revision: int | None, base: str | None) -> SectionConflict:
    facts = {"section": name, "yours": yours, "current": standing.text, "base": base}
    return SectionConflict(**facts, baseRevision=base_revision, currentRevision=standing.revision)


async def _write(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    name: str,
    standing: Body,
    *,
    text: str,
    sent: str,
    origin: Origin,
    now: datetime,
    restored_from: int | None = None,
) -> Saved:
    postmortem_id, started = seen.postmortem.id, False
    rewritten = await write_bodies(
        session,
        postmortem_id,
        {name: text},
        {name: standing},
        author_id=viewer.person_id,
        origin=origin,
        now=now,
        restored_from=restored_from,
    )
    if rewritten:
        action = "postmortem.section_restored" if origin is Origin.RESTORE else "postmortem.updated"
        audit_seen(session, viewer, seen, action, {name: standing.text or None}, {name: text or None})
        started = await content_changed(session, seen, now)
    return Saved(await _standing(session, postmortem_id, name), text != sent, started)

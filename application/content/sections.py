"""Reading the sections of a postmortem, saving and merging them, and restoring an earlier text."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from application import text_work
from application.audit.audit_log import audit_postmortem
from application.content.changes import record_change
from domain import access
from domain.access import Viewer
from domain.content.merging import merge
from domain.content.sections import TEXT_LIMIT, Origin, SectionText, new_revisions
from domain.errors import NotFound, SectionConflict, SectionNotInTemplate, TextTooComplex
from domain.postmortems.lifecycle import Status
from models.queries.content import revisions, sections
from models.queries.content.templates import get_content, get_postmortem_template
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session


@dataclass(frozen=True, slots=True)
class SavedSection:
    """``merged``: the text is not the one that was sent. ``started``: this started the draft."""

    section: SectionText
    merged: bool
    started: bool


# Reading


async def list_sections(session: Session, viewer: Viewer, postmortem_id: str) -> Sequence[SectionText]:
    """Every section of the template that holds a text, in its order, even if it was never written.

    Raises NotFound.
    """
    visible = await get_visible(session, viewer, postmortem_id)
    template = await get_postmortem_template(session, visible.postmortem)
    written = await sections.find_section_texts(session, postmortem_id)
    return [written.get(name, SectionText(name)) for name in template.text_keys]


async def get_section(session: Session, viewer: Viewer, postmortem_id: str, name: str) -> SectionText:
    """Raises NotFound."""
    await check_readable(session, viewer, postmortem_id, name)
    return await sections.get_section_text(session, postmortem_id, name)


async def check_readable(session: Session, viewer: Viewer, postmortem_id: str, name: str) -> None:
    """Raises NotFound for a postmortem that the viewer may not see, or a section that it does not have."""
    visible = await get_visible(session, viewer, postmortem_id)
    if name not in (await get_postmortem_template(session, visible.postmortem)).text_keys:
        raise NotFound(kind="section", id=name)


# Writing


async def write_sections(
    session: Session,
    postmortem_id: str,
    texts: Mapping[str, str],
    current: Mapping[str, SectionText],
    *,
    author_id: str | None,
    origin: Origin,
    now: datetime,
    restored_from: int | None = None,
) -> dict[str, int]:
    """Writes a revision of each section whose text differs from the current one; the new revisions, by name.

    The postmortem's row must be locked, so that a section's revisions follow each other. Checks no access.
    """
    new = new_revisions(texts, current)
    if new:
        await sections.upsert_sections(session, postmortem_id, new, author_id=author_id, now=now)
        await revisions.insert_revisions(
            session, postmortem_id, new, author_id=author_id, origin=origin, now=now, restored_from=restored_from
        )
    return {one.name: one.revision for one in new}


async def save_section(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    text: str,
    *,
    base_revision: int | None,
    now: datetime,
) -> SavedSection:
    """Makes the text the newest revision; the postmortem's row is locked first.

    ``base_revision`` is the one that the text was written on: what others changed since then is merged into it.
    Without it the text replaces the current one, which stays in the history. Raises NotFound, EditingClosed,
    SectionNotInTemplate, SectionConflict.
    """
    visible, current = await _lock_section(session, viewer, postmortem_id, name)
    result, origin = text, Origin.EDIT
    if base_revision not in {None, current.revision}:
        result = await _merge(session, postmortem_id, text, current, base_revision)
        origin = Origin.EDIT if result == text else Origin.MERGE
    return await _write(session, viewer, visible, current, text=result, sent=text, origin=origin, now=now)


async def restore_section(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    revision: int,
    *,
    base_revision: int | None,
    now: datetime,
) -> SavedSection:
    """Makes the text of an earlier revision the newest one, unless there is a newer one than ``base_revision``.

    Raises NotFound, EditingClosed, SectionNotInTemplate, SectionConflict.
    """
    visible, current = await _lock_section(session, viewer, postmortem_id, name)
    old = await revisions.get_revision(session, postmortem_id, name, revision)
    if base_revision not in {None, current.revision}:
        raise _conflict(old.body, current, base_revision, None)
    return await _write(
        session,
        viewer,
        visible,
        current,
        text=old.body,
        sent=old.body,
        origin=Origin.RESTORE,
        now=now,
        restored_from=revision,
    )


async def lock_writable(session: Session, viewer: Viewer, postmortem_id: str, name: str) -> VisiblePostmortem:
    """The postmortem, whose row is locked, if the viewer may write this section of it.

    Raises NotFound, EditingClosed, SectionNotInTemplate.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    await check_writable(session, visible, name)
    return visible


async def check_writable(session: Session, visible: VisiblePostmortem, name: str) -> None:
    """Raises EditingClosed, SectionNotInTemplate."""
    postmortem = visible.postmortem
    access.check_edit(Status(postmortem.status), visible.relations)
    known = (await get_content(session, postmortem.template_id, postmortem.template_version)).text_keys
    if name not in known:
        raise SectionNotInTemplate(section=name, known=", ".join(known))


async def _lock_section(
    session: Session, viewer: Viewer, postmortem_id: str, name: str
) -> tuple[VisiblePostmortem, SectionText]:
    visible = await lock_writable(session, viewer, postmortem_id, name)
    return visible, await sections.get_section_text(session, postmortem_id, name)


async def _merge(
    session: Session, postmortem_id: str, text: str, current: SectionText, base_revision: int | None
) -> str:
    base = None
    if base_revision is not None and base_revision < current.revision:
        texts = await revisions.find_revision_texts(session, postmortem_id, current.name, {base_revision})
        base = texts.get(base_revision)
    return await merge_texts(text, current, base_revision, base)


async def merge_texts(text: str, current: SectionText, base_revision: int | None, base: str | None) -> str:
    """The current text with what ``text`` changed in ``base``. Raises SectionConflict, also where it takes too long or
    the base isn't known any more."""
    merged = await _merged(base, text, current.body) if base is not None else None
    if merged is None:
        raise _conflict(text, current, base_revision, base)
    return merged


async def _merged(base: str, text: str, current: str) -> str | None:
    """None also where it takes too long."""
    with suppress(TextTooComplex):
        work = partial(merge, base, text, current, limit=TEXT_LIMIT)
        return await text_work.run(work, length=len(text) + len(current))
    return None


def _conflict(yours: str, current: SectionText, base_revision: int | None, base: str | None) -> SectionConflict:
    facts = {"section": current.name, "yours": yours, "current": current.body, "base": base}
    return SectionConflict(**facts, baseRevision=base_revision, currentRevision=current.revision)


async def _write(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    current: SectionText,
    *,
    text: str,
    sent: str,
    origin: Origin,
    now: datetime,
    restored_from: int | None = None,
) -> SavedSection:
    postmortem_id, name, started = visible.postmortem.id, current.name, False
    rewritten = await write_sections(
        session,
        postmortem_id,
        {name: text},
        {name: current},
        author_id=viewer.person_id,
        origin=origin,
        now=now,
        restored_from=restored_from,
    )
    if rewritten:
        action = "postmortem.section_restored" if origin is Origin.RESTORE else "postmortem.updated"
        audit_postmortem(session, viewer, visible, action, {name: current.body or None}, {name: text or None})
        started = await record_change(session, viewer, visible, now)
        current = SectionText(name, text, rewritten[name], now, viewer.person_id)
    return SavedSection(current, text != sent, started)

"""Saving a section while its author types.

In a draft the section itself is saved. Later, that would make approvals stale and change what readers rely on: then
the author's own copy is saved, and the section once they say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.content.changes import record_change
from application.content.sections import check_writable, lock_writable, merge_texts, save_section
from domain.access import Viewer
from domain.content.autosaves import Draft
from domain.content.sections import SectionText, next_revision
from domain.postmortems.lifecycle import Status
from models.queries.content import autosaves, drafts, sections
from models.queries.content.autosaves import Save, SavedBefore
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session


@dataclass(frozen=True, slots=True)
class Autosaved:
    """``is_draft``: the author's own copy was saved, not the section. ``base_revision`` is what the author's next text
    is based on. ``text`` is what the section or the copy holds now; where it isn't what was sent, others' changes were
    merged into it: a next text with ``text_revision`` as its base goes on from there. ``started``: it started the draft
    of the postmortem."""

    is_draft: bool
    base_revision: int
    text: str
    text_revision: int
    started: bool = False


@dataclass(frozen=True, slots=True)
class OpenSection:
    """What somebody begins to type with: the section, and their own copy if they have one."""

    visible: VisiblePostmortem
    section: SectionText
    draft: Draft | None


async def open_section(session: Session, viewer: Viewer, postmortem_id: str, name: str) -> OpenSection:
    """Raises NotFound, EditingClosed, SectionNotInTemplate."""
    visible = await get_visible(session, viewer, postmortem_id)
    await check_writable(session, visible, name)
    section = await sections.get_section_text(session, postmortem_id, name)
    found = await drafts.list_drafts(session, postmortem_id, viewer.person_id, [name])
    return OpenSection(visible, section, found[0] if found else None)


async def autosave_section(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    text: str,
    *,
    base_revision: int,
    editing_id: str,
    now: datetime,
    continues_draft: bool = False,
) -> Autosaved:
    """Saves what somebody has typed so far. ``editing_id`` names their editing, from when they opened the section;
    with ``continues_draft``, they went on with their own copy, which is dropped once the section holds its text.

    Saving the same text again changes nothing. Raises NotFound, EditingClosed, SectionNotInTemplate, SectionConflict.
    """
    visible = await lock_writable(session, viewer, postmortem_id, name)
    if visible.postmortem.status != Status.DRAFT:
        draft = Draft(name, text, base_revision, now)
        await drafts.upsert_draft(session, postmortem_id, viewer.person_id, draft)
        return Autosaved(True, base_revision, text, base_revision)
    found = await autosaves.read_saved(session, postmortem_id, name, viewer.person_id, base_revision, text)
    current, result = found.section, text
    if base_revision != current.revision:
        result = await merge_texts(text, current, base_revision, found.base)
    if continues_draft:
        await discard_drafts(session, viewer, postmortem_id, [name])
    if result == current.body:
        base = current.revision if result == text else found.sent or base_revision
        return Autosaved(False, base, result, current.revision)
    save = _save(found, text, result, editing_id, now)
    await autosaves.write_save(
        session,
        postmortem_id,
        save,
        person_id=viewer.person_id,
        origin=viewer.origin,
        before=current.body,
        now=now,
    )
    started = await record_change(session, viewer, visible, now)
    revision = save.new.revision
    return Autosaved(False, revision if save.sent is None else revision - 1, result, revision, started)


def _save(found: SavedBefore, text: str, result: str, editing_id: str, now: datetime) -> Save:
    current, earlier = found.section, found.earlier
    goes_on = earlier is not None and earlier.editing_id == editing_id
    replaced = earlier if earlier is not None and earlier.is_replaced_at(now) else None
    is_newest = replaced is not None and replaced.revision == current.revision
    is_merged = result != text
    number = current.revision + (2 if is_merged else 1)
    return Save(
        next_revision(current.name, found.before if is_newest else current.body, result, number),
        editing_id=editing_id,
        window_began_at=replaced.window_began_at if replaced else now,
        replaces=replaced.revision if replaced else None,
        extends=earlier.audit_entry_id if earlier and goes_on else None,
        sent=text if is_merged else None,
    )


async def save_draft(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    name: str,
    text: str,
    *,
    base_revision: int,
    now: datetime,
) -> Autosaved:
    """Makes the text the section's, as somebody asked, and drops their own copy of it.

    Raises what :func:`application.content.sections.save_section` raises.
    """
    saved = await save_section(session, viewer, postmortem_id, name, text, base_revision=base_revision, now=now)
    await discard_drafts(session, viewer, postmortem_id, [name])
    section = saved.section
    return Autosaved(False, section.revision, section.body, section.revision, saved.started)


async def keep_draft(
    session: Session, viewer: Viewer, postmortem_id: str, name: str, text: str, base_revision: int, now: datetime
) -> None:
    """Keeps a text that couldn't be saved as its author's own copy. Raises NotFound, EditingClosed,
    SectionNotInTemplate."""
    await lock_writable(session, viewer, postmortem_id, name)
    await drafts.upsert_draft(session, postmortem_id, viewer.person_id, Draft(name, text, base_revision, now))


async def list_drafts(session: Session, viewer: Viewer, visible: VisiblePostmortem) -> Sequence[Draft]:
    """The viewer's own copies of sections of a postmortem that they may see."""
    return await drafts.list_drafts(session, visible.postmortem.id, viewer.person_id)


async def discard_drafts(session: Session, viewer: Viewer, postmortem_id: str, names: Sequence[str]) -> None:
    """Drops the viewer's own copies, also where they may not write any more. There may be none."""
    await drafts.delete_drafts(session, postmortem_id, viewer.person_id, names)

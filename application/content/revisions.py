"""The history of a section: its revisions, and two of them side by side."""

from application.content.sections import check_readable, get_section
from domain.access import Viewer
from domain.content.sections import SectionText
from domain.errors import NotFound
from models.content import SectionRevision
from models.queries.content import revisions
from models.queries.content.revisions import Revision
from models.queries.pagination import Ask, Page
from models.session import Session


async def list_revisions(session: Session, viewer: Viewer, postmortem_id: str, name: str, ask: Ask) -> Page[Revision]:
    """Newest first. Raises NotFound."""
    await check_readable(session, viewer, postmortem_id, name)
    return await revisions.list_revisions(session, postmortem_id, name, ask)


async def get_revision(
    session: Session, viewer: Viewer, postmortem_id: str, name: str, revision: int
) -> SectionRevision:
    """Raises NotFound."""
    await check_readable(session, viewer, postmortem_id, name)
    return await revisions.get_revision(session, postmortem_id, name, revision)


async def get_two_revisions(
    session: Session, viewer: Viewer, postmortem_id: str, name: str, older: int | None, newer: int | None
) -> tuple[SectionText, SectionText]:
    """The texts of two revisions: without ``newer`` the current one, without ``older`` the one that the history shows
    before it.

    Revision 0 is the empty text before the first one. Raises NotFound.
    """
    section = await get_section(session, viewer, postmortem_id, name)
    to_revision = section.revision if newer is None else newer
    from_revision = older
    if from_revision is None:
        from_revision = await revisions.get_previous_revision(session, postmortem_id, name, to_revision)
    texts = await revisions.find_revision_texts(session, postmortem_id, name, {from_revision, to_revision})
    for one in (from_revision, to_revision):
        if one not in texts:
            raise NotFound(kind="revision", id=f"{name}@{one}")
    before, after = ((one, texts[one]) for one in (from_revision, to_revision))
    return SectionText(name, before[1], before[0]), SectionText(name, after[1], after[0])

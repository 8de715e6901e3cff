"""Which kinds of things a postmortem has at all: what it has none of need not be read."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from models.action_item import TicketBatch
from models.content import SectionDraft
from models.incident import PostmortemProposal
from models.meeting import Meeting
from models.queries.prebuilt import Prebuilt, text_of


@dataclass(frozen=True, slots=True)
class Belongings:
    """``drafts`` are the viewer's own."""

    proposals: bool
    meetings: bool
    ticket_batches: bool
    drafts: bool


def _has(table: type[Any], *more: Any) -> Any:
    return exists().where(table.postmortem_id == text_of("id"), *more)


_HAS = Prebuilt(
    select(
        _has(PostmortemProposal),
        _has(Meeting),
        _has(TicketBatch),
        _has(SectionDraft, SectionDraft.person_id == text_of("viewer_id")),
    )
)


async def find_belongings(session: AsyncSession, viewer: Viewer, postmortem_id: str) -> Belongings:
    """The caller has checked that the viewer may see the postmortem."""
    return Belongings(*(await _HAS.rows(session, id=postmortem_id, viewer_id=viewer.person_id))[0])

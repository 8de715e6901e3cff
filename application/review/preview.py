"""What publishing a postmortem would do: who will see it, and what is sent where."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.sharing.publications import list_copies_once_published
from domain import access
from domain.access import Visibility
from domain.postmortems.lifecycle import Status
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.audience import Audience, read_audience
from models.session import Session


@dataclass(frozen=True, slots=True)
class PublicationPreview:
    """``copies`` are names of connections that get a copy at once."""

    visibility: Visibility
    audience: Audience
    copies: Sequence[str]


async def preview_publication(session: Session, visible: VisiblePostmortem) -> PublicationPreview:
    """The caller has checked that the viewer may see the postmortem."""
    chosen = visible.postmortem.visibility
    visibility = Visibility(chosen) if chosen else access.default_visibility(Status.PUBLISHED, has_team=False)
    copies = [one.name for one in await list_copies_once_published(session, visible)]
    return PublicationPreview(visibility, await read_audience(session, visible, visibility), copies)

"""Finding people, postmortems, action items, incidents and services by name, while somebody types."""

from collections.abc import Sequence

from domain.access import Viewer
from domain.search.names import NameKind, number_in
from models.queries.search import names as queries
from models.queries.search.names import FoundName
from models.session import Session

MOST = 8


async def find_by_name(session: Session, viewer: Viewer, kinds: Sequence[NameKind], typed: str) -> list[FoundName]:
    """At most :data:`MOST`, the best first. ``#17`` is the postmortem of that number."""
    return await queries.list_names(session, viewer, kinds, typed, number_in(typed), MOST)

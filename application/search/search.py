"""Full-text search over everything that people write in a postmortem, ranked, with the access rule inside the query.

Each word finds its documents by one GIN index. All that the viewer may see are ranked if at most :data:`CANDIDATES`
match. Else the newest are, and beside them those that hold the words in their titles, which rank highest, however old
they are; :class:`SearchResult` says so.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.access import Viewer
from domain.errors import BadCursor
from domain.search.query import Place, SearchQuery, parse_query
from models.queries.pagination import Ask
from models.queries.search import search as queries
from models.queries.search.search import CANDIDATES, Match, RankedPostmortem
from models.queries.search_conditions import planned_for_words
from models.session import Session

WINDOW = 4000
"""How many of the newest matches are checked for access and phrases first; all of them if that is too few."""


@dataclass(frozen=True, slots=True)
class Hit:
    id: str
    number: int
    title: str
    status: str
    created_at: datetime
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """``is_complete`` is false if more matched than were ranked."""

    items: Sequence[Hit]
    next_cursor: str | None
    is_complete: bool


async def search(
    session: Session, viewer: Viewer, typed: str, place: Place | None, ask: Ask, now: datetime
) -> SearchResult:
    """The best first. A cursor keeps the page's place and instant: what is opened later is on no later page.

    Raises BadCursor.
    """
    query = parse_query(typed)
    as_of, after = _read_cursor(ask.cursor, typed, place) if ask.cursor else (now, None)
    if not query.sought:
        return SearchResult([], None, is_complete=True)
    async with planned_for_words(session):
        ranked, is_complete = await _rank(session, viewer, query, place, as_of)
        ranked = [one for one in ranked if after is None or one.key > after]
        page = ranked[: ask.limit]
        hits = await _load(session, viewer, query, place, [one.id for one in page])
    cursor = _cursor(typed, place, as_of, page[-1]) if len(ranked) > ask.limit else None
    return SearchResult(hits, cursor, is_complete)


async def _rank(
    session: Session, viewer: Viewer, query: SearchQuery, place: Place | None, as_of: datetime
) -> tuple[list[RankedPostmortem], bool]:
    """The ranked postmortems, best first, and whether all that match are among them."""
    found = await queries.list_candidates(session, viewer, query, place, as_of, WINDOW)
    if found.looked_at == WINDOW and found.newest <= CANDIDATES:
        found = await queries.list_candidates(session, viewer, query, place, as_of, None)
    return sorted(found.ranked, key=lambda one: one.key), found.newest <= CANDIDATES


async def _load(
    session: Session, viewer: Viewer, query: SearchQuery, place: Place | None, ids: Sequence[str]
) -> list[Hit]:
    if not ids:
        return []
    rows = await queries.list_postmortems(session, viewer, ids)
    matches = await queries.list_matches(session, viewer, query, place, ids)
    return [
        Hit(one.id, one.number, one.title, one.status, one.created_at, matches.get(one.id, []))
        for one in (rows[id_] for id_ in ids if id_ in rows)
    ]


# Cursors


def _name(typed: str, place: Place | None) -> str:
    return hashlib.sha256(f"{place}\x1f{typed}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _cursor(typed: str, place: Place | None, as_of: datetime, last: RankedPostmortem) -> str:
    parts = [_name(typed, place), as_of.astimezone(UTC).isoformat(), *last.key]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, typed: str, place: Place | None) -> tuple[datetime, tuple[float, float, str]]:
    """Raises :class:`BadCursor` for anything that this search did not return."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, as_of, rank, age, id_ = json.loads(base64.urlsafe_b64decode(padded))
        written = datetime.fromisoformat(as_of)
        instant = written.astimezone(UTC)
        is_ours = name == _name(typed, place) and written.tzinfo is not None and isinstance(id_, str)
        if not is_ours or not {type(rank), type(age)} <= {float, int}:
            raise BadCursor(cursor=cursor[:200])
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, UnicodeError) as error:
        raise BadCursor(cursor=cursor[:200]) from error
    return instant, (rank, age, id_)

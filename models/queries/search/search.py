"""Full-text search over everything that people write in a postmortem, ranked, with the access rule inside the query.

Each word finds its documents by one GIN index. Of those the newest that the viewer may see are ranked: all of them
where at most :data:`CANDIDATES` match, else those only, and :class:`Found` says so.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, literal, select, true
from sqlalchemy import union_all as union
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import BadCursor
from domain.search.query import Place, Wanted, parse
from models.action_item import ActionItem
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.queries.access.visibility import visible_to
from models.queries.audit.audit_log import note_reads
from models.queries.pagination import Ask
from models.queries.search.conditions import all_of, any_of, phrases_met, plan_for_words, typed_query, weighted
from models.search import SearchDocument
from models.section import Section

CANDIDATES = 200
"""So many are ranked. A word that thousands of postmortems hold says little: there the newest count."""
WINDOW = 4000
"""So many of the newest that match are asked about access and phrases first; all of them where that is too few."""
PLACES = 3
"""At most so many places are shown of each postmortem."""
HEADLINED = 30_000
"""An excerpt is looked for in so many characters of a text, from its beginning."""

START, STOP = "\x02", "\x03"
_HEADLINE = f"StartSel={START}, StopSel={STOP}, MaxWords=28, MinWords=14, ShortWord=2, HighlightAll=false"
_WEIGHTS = {Place.TITLE: "A", Place.SECTION: "B", Place.ACTION_ITEM: "C", Place.TIMELINE: "D", Place.COMMENT: "D"}
_WORTH = {Place.TITLE: 4, Place.SECTION: 3, Place.ACTION_ITEM: 2, Place.TIMELINE: 1.5, Place.COMMENT: 1}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an excerpt, and whether it is what was looked for."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A place. ``section`` is its section's name, where it has one; ``id`` that of the event, comment or item."""

    place: Place
    section: str | None
    id: str | None
    excerpt: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Hit:
    id: str
    number: int
    title: str
    status: str
    created_at: datetime
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class Found:
    """``is_complete`` is false where more matched than were ranked."""

    items: Sequence[Hit]
    next_cursor: str | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Ranked:
    rank: float
    created_at: datetime
    id: str

    @property
    def key(self) -> tuple[float, float, str]:
        return (-self.rank, -self.created_at.timestamp(), self.id)


async def search(
    session: AsyncSession, viewer: Viewer, typed: str, place: Place | None, ask: Ask, now: datetime
) -> Found:
    """The best first. A cursor keeps the page's place and its moment: what is opened later comes into no later page.

    Raises BadCursor.
    """
    wanted = parse(typed)
    as_of, after = _read_cursor(ask.cursor, typed, place) if ask.cursor else (now, None)
    await plan_for_words(session)
    if not wanted.sought:
        return Found([], None, is_complete=True)
    ranked, is_complete = await _rank(session, viewer, wanted, place, as_of)
    ranked = [one for one in ranked if after is None or one.key > after]
    page = ranked[: ask.limit]
    hits = await _load(session, viewer, wanted, place, [one.id for one in page])
    cursor = _cursor(typed, place, as_of, page[-1]) if len(ranked) > ask.limit else None
    return Found(hits, cursor, is_complete)


async def _rank(
    session: AsyncSession, viewer: Viewer, wanted: Wanted, place: Place | None, as_of: datetime
) -> tuple[list[_Ranked], bool]:
    rows: Sequence[Any] = ()
    for window in (WINDOW, None):
        rows = (await session.execute(_candidates(viewer, wanted, place, as_of, window))).all()
        if window is None or rows[0].looked_at < window or len(rows) > CANDIDATES:
            break
    ranked = [_Ranked(row.rank, row.created_at, row.id) for row in rows[:CANDIDATES] if row.id is not None]
    return sorted(ranked, key=lambda one: one.key), len(rows) <= CANDIDATES


def _candidates(
    viewer: Viewer, wanted: Wanted, place: Place | None, as_of: datetime, window: int | None
) -> Select[Any]:
    """At most one more than :data:`CANDIDATES`, newest first, and how many documents were looked at for them."""
    query = all_of(wanted.words)
    found = (
        select(SearchDocument.postmortem_id, SearchDocument.created_at)
        .where(
            SearchDocument.words.op("@@")(query),
            func.numnode(typed_query(wanted.sought)) > 0,
            SearchDocument.created_at <= as_of,
        )
        .order_by(SearchDocument.created_at.desc(), SearchDocument.postmortem_id.desc())
        .limit(window)
        .cte("found")
        .prefix_with("materialized", dialect="postgresql")
    )
    newest = (
        select(Postmortem.id, found.c.created_at)
        .join(found, found.c.postmortem_id == Postmortem.id)
        .where(visible_to(viewer), *phrases_met(wanted), *_stands_in(place, wanted))
        .order_by(found.c.created_at.desc(), found.c.postmortem_id.desc())
        .limit(CANDIDATES + 1)
        .cte("newest")
        .prefix_with("materialized", dialect="postgresql")
    )
    document = SearchDocument.__table__.alias("document")
    ranked = (
        select(newest.c.id, newest.c.created_at, func.ts_rank(document.c.words, query).label("rank"))
        .join(document, document.c.postmortem_id == newest.c.id)
        .subquery()
    )
    looked_at = select(func.count().label("looked_at")).select_from(found).subquery()
    return select(looked_at.c.looked_at, ranked).select_from(looked_at.outerjoin(ranked, true()))


def _stands_in(place: Place | None, wanted: Wanted) -> list[ColumnElement[bool]]:
    if place is None:
        return []
    query = weighted(all_of(wanted.words), _WEIGHTS[place])
    there = exists().where(SearchDocument.postmortem_id == Postmortem.id, SearchDocument.words.op("@@")(query))
    if place not in {Place.TIMELINE, Place.COMMENT}:
        return [there]
    table: Any = TimelineEvent if place is Place.TIMELINE else Comment
    some = exists().where(table.postmortem_id == Postmortem.id, table.search.op("@@")(any_of(wanted.sought)))
    return [there, some]


# What is shown


async def _load(
    session: AsyncSession, viewer: Viewer, wanted: Wanted, place: Place | None, ids: Sequence[str]
) -> list[Hit]:
    if not ids:
        return []
    columns = (Postmortem.id, Postmortem.number, Postmortem.title, Postmortem.status, Postmortem.created_at)
    rows = (await session.execute(select(*columns).where(Postmortem.id.in_(ids), visible_to(viewer)))).all()
    by_id = {row.id: row for row in rows}
    matches = await _matches(session, viewer, wanted, place, ids)
    await note_reads(session, viewer, ids)
    return [
        Hit(one.id, one.number, one.title, one.status, one.created_at, matches.get(one.id, []))
        for one in (by_id[id_] for id_ in ids if id_ in by_id)
    ]


async def _matches(
    session: AsyncSession, viewer: Viewer, wanted: Wanted, place: Place | None, ids: Sequence[str]
) -> dict[str, list[Match]]:
    query = any_of(wanted.sought)
    places = union(
        *(_found_in(one, query, ids).where(visible_to(viewer)) for one in Place if place in {None, one})
    ).subquery()
    nth = func.row_number().over(
        partition_by=places.c.postmortem_id, order_by=(places.c.worth.desc(), places.c.section, places.c.id)
    )
    best = select(places, nth.label("nth")).subquery()
    plain = func.translate(func.left(best.c.text, HEADLINED), START + STOP, "")
    excerpt = func.ts_headline("english", plain, query, _HEADLINE)
    statement = select(best.c.postmortem_id, best.c.place, best.c.section, best.c.id, excerpt)
    rows = await session.execute(statement.where(best.c.nth <= PLACES).order_by(best.c.postmortem_id, best.c.nth))
    matches: dict[str, list[Match]] = {}
    for postmortem_id, where, section, id_, text in rows.all():
        matches.setdefault(postmortem_id, []).append(Match(Place(where), section, id_, pieces(text)))
    return matches


def _found_in(place: Place, query: ColumnElement[Any], ids: Sequence[str]) -> Select[Any]:
    vector: Any
    if place is Place.TITLE:
        named = func.concat_ws(" · ", Postmortem.title, func.nullif(func.array_to_string(Postmortem.tags, ", "), ""))
        vector = func.to_tsvector("english", named)
        columns = (_NONE.label("section"), _NONE.label("id"), named.label("text"))
        statement = select(Postmortem.id.label("postmortem_id"), *columns)
    else:
        table, columns = _COLUMNS[place]
        vector = table.search
        statement = select(table.postmortem_id, *columns).join(Postmortem, Postmortem.id == table.postmortem_id)
    return statement.add_columns(
        literal(place.value).label("place"), (func.ts_rank(vector, query) * _WORTH[place]).label("worth")
    ).where(Postmortem.id.in_(ids), vector.op("@@")(query))


_NONE = cast(literal(None), String)
_COLUMNS: dict[Place, tuple[Any, tuple[Any, ...]]] = {
    Place.SECTION: (Section, (Section.name.label("section"), _NONE.label("id"), Section.body.label("text"))),
    Place.TIMELINE: (
        TimelineEvent,
        (_NONE.label("section"), TimelineEvent.id, TimelineEvent.event.label("text")),
    ),
    Place.COMMENT: (Comment, (Comment.section, Comment.id, Comment.body.label("text"))),
    Place.ACTION_ITEM: (
        ActionItem,
        (
            _NONE.label("section"),
            ActionItem.id,
            (ActionItem.description + "\n" + func.coalesce(ActionItem.details, "")).label("text"),
        ),
    ),
}


def pieces(marked: str) -> list[Piece]:
    """The text with its marks taken out, as data: nobody has to trust it as HTML."""
    found: list[Piece] = []
    for number, part in enumerate(marked.split(START)):
        hit, stop, rest = part.partition(STOP)
        if number and stop:
            found.append(Piece(hit, hit=True))
            part = rest  # noqa: PLW2901 - what is left of it
        if part:
            found.append(Piece(part, hit=False))
    return found


# Cursors


def _name(typed: str, place: Place | None) -> str:
    return hashlib.sha256(f"{place}\x1f{typed}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _cursor(typed: str, place: Place | None, as_of: datetime, last: _Ranked) -> str:
    told = [_name(typed, place), as_of.astimezone(UTC).isoformat(), *last.key]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, typed: str, place: Place | None) -> tuple[datetime, tuple[float, float, str]]:
    """Raises :class:`BadCursor` for anything that this search did not hand out."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, as_of, rank, age, id_ = json.loads(base64.urlsafe_b64decode(padded))
        told = datetime.fromisoformat(as_of)
        instant = told.astimezone(UTC)
        is_ours = name == _name(typed, place) and told.tzinfo is not None and isinstance(id_, str)
        if not is_ours or not {type(rank), type(age)} <= {float, int}:
            raise BadCursor(cursor=cursor[:200])
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, UnicodeError) as error:
        raise BadCursor(cursor=cursor[:200]) from error
    return instant, (rank, age, id_)

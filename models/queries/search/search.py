"""SQL of the full-text search: which postmortems match, and the places of each that match best."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, exists, func, literal, select, true
from sqlalchemy import union_all as union
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.search.excerpts import Piece, excerpt_of
from domain.search.query import Place, SearchQuery
from models.action_item import ActionItem
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.queries.access.visibility import visible_to
from models.queries.search_conditions import all_of, any_of, phrases_match, typed_query, weighted
from models.search import SearchDocument
from models.section import Section

CANDIDATES = 200
"""How many are ranked. A word that thousands of postmortems hold says little: there the newest count."""
PLACES = 3
"""At most this many places are shown of each postmortem."""
HEADLINED = 30_000
"""An excerpt is searched for in this many characters of a text, from its beginning."""

START, STOP = "\x02", "\x03"
_HEADLINE = f"StartSel={START}, StopSel={STOP}, MaxWords=28, MinWords=14, ShortWord=2, HighlightAll=false"
_WEIGHTS = {Place.TITLE: "A", Place.SECTION: "B", Place.ACTION_ITEM: "C", Place.TIMELINE: "D", Place.COMMENT: "D"}
_PLACE_WEIGHTS = {Place.TITLE: 4, Place.SECTION: 3, Place.ACTION_ITEM: 2, Place.TIMELINE: 1.5, Place.COMMENT: 1}


@dataclass(frozen=True, slots=True)
class Match:
    """A place. ``section`` is its section's name, if it has one; ``id`` that of the event, comment or action item."""

    place: Place
    section: str | None
    id: str | None
    excerpt: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class RankedPostmortem:
    rank: float
    created_at: datetime
    id: str

    @property
    def key(self) -> tuple[float, float, str]:
        """The best first."""
        return (-self.rank, -self.created_at.timestamp(), self.id)


@dataclass(frozen=True, slots=True)
class Candidates:
    """At most one more than :data:`CANDIDATES`, and how many documents were looked at for them."""

    ranked: Sequence[RankedPostmortem]
    looked_at: int


async def list_candidates(
    session: AsyncSession, viewer: Viewer, query: SearchQuery, place: Place | None, as_of: datetime, window: int | None
) -> Candidates:
    """The newest visible postmortems that match, of the ``window`` newest documents."""
    rows = (await session.execute(_candidates(viewer, query, place, as_of, window))).all()
    ranked = [RankedPostmortem(row.rank, row.created_at, row.id) for row in rows if row.id is not None]
    return Candidates(ranked, rows[0].looked_at)


def _candidates(
    viewer: Viewer, query: SearchQuery, place: Place | None, as_of: datetime, window: int | None
) -> Select[Any]:
    words = all_of(query.words)
    found = (
        select(SearchDocument.postmortem_id, SearchDocument.created_at)
        .where(
            SearchDocument.words.op("@@")(words),
            func.numnode(typed_query(query.sought)) > 0,
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
        .where(visible_to(viewer), *phrases_match(query), *_is_in(place, query))
        .order_by(found.c.created_at.desc(), found.c.postmortem_id.desc())
        .limit(CANDIDATES + 1)
        .cte("newest")
        .prefix_with("materialized", dialect="postgresql")
    )
    document = SearchDocument.__table__.alias("document")
    ranked = (
        select(newest.c.id, newest.c.created_at, func.ts_rank(document.c.words, words).label("rank"))
        .join(document, document.c.postmortem_id == newest.c.id)
        .subquery()
    )
    looked_at = select(func.count().label("looked_at")).select_from(found).subquery()
    return select(looked_at.c.looked_at, ranked).select_from(looked_at.outerjoin(ranked, true()))


def _is_in(place: Place | None, query: SearchQuery) -> list[ColumnElement[bool]]:
    if place is None:
        return []
    words = weighted(all_of(query.words), _WEIGHTS[place])
    there = exists().where(SearchDocument.postmortem_id == Postmortem.id, SearchDocument.words.op("@@")(words))
    if place not in {Place.TIMELINE, Place.COMMENT}:
        return [there]
    table: Any = TimelineEvent if place is Place.TIMELINE else Comment
    some = exists().where(table.postmortem_id == Postmortem.id, table.search.op("@@")(any_of(query.sought)))
    return [there, some]


# What is shown


async def list_postmortems(session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> dict[str, Any]:
    """Rows of id, number, title, status and created_at by their ids; only those that the viewer may see."""
    columns = (Postmortem.id, Postmortem.number, Postmortem.title, Postmortem.status, Postmortem.created_at)
    rows = (await session.execute(select(*columns).where(Postmortem.id.in_(ids), visible_to(viewer)))).all()
    return {row.id: row for row in rows}


async def list_matches(
    session: AsyncSession, viewer: Viewer, query: SearchQuery, place: Place | None, ids: Sequence[str]
) -> dict[str, list[Match]]:
    """The best places of each postmortem, by its id."""
    words = any_of(query.sought)
    places = union(
        *(_found_in(one, words, ids).where(visible_to(viewer)) for one in Place if place in {None, one})
    ).subquery()
    nth = func.row_number().over(
        partition_by=places.c.postmortem_id, order_by=(places.c.weight.desc(), places.c.section, places.c.id)
    )
    best = select(places, nth.label("nth")).subquery()
    plain = func.translate(func.left(best.c.text, HEADLINED), START + STOP, "")
    excerpt = func.ts_headline("english", plain, words, _HEADLINE).label("excerpt")
    columns = (best.c.postmortem_id, best.c.place, best.c.section, best.c.id, best.c.nth)
    shown = select(*columns, excerpt, plain.label("plain")).where(best.c.nth <= PLACES).cte("shown")
    shown = shown.prefix_with("materialized", dialect="postgresql")
    unmarked = case((func.strpos(shown.c.excerpt, START) == 0, shown.c.plain))
    statement = select(shown.c.postmortem_id, shown.c.place, shown.c.section, shown.c.id, shown.c.excerpt, unmarked)
    rows = await session.execute(statement.order_by(shown.c.postmortem_id, shown.c.nth))
    matches: dict[str, list[Match]] = {}
    for postmortem_id, where, section, id_, text, whole in rows.all():
        marked = pieces(text) if whole is None else excerpt_of(whole, query.sought)
        matches.setdefault(postmortem_id, []).append(Match(Place(where), section, id_, marked))
    return matches


def _found_in(place: Place, query: ColumnElement[Any], ids: Sequence[str]) -> Select[Any]:
    vector: Any
    if place is Place.TITLE:
        named = func.concat_ws(" · ", Postmortem.title, func.nullif(func.array_to_string(Postmortem.tags, ", "), ""))
        vector = func.search_vector(named)
        columns = (_NONE.label("section"), _NONE.label("id"), named.label("text"))
        statement = select(Postmortem.id.label("postmortem_id"), *columns)
    else:
        table, columns = _COLUMNS[place]
        vector = table.search
        statement = select(table.postmortem_id, *columns).join(Postmortem, Postmortem.id == table.postmortem_id)
    return statement.add_columns(
        literal(place.value).label("place"), (func.ts_rank(vector, query) * _PLACE_WEIGHTS[place]).label("weight")
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
    """The text without its marks, as data: it is never trusted as HTML."""
    found: list[Piece] = []
    for number, part in enumerate(marked.split(START)):
        hit, stop, rest = part.partition(STOP)
        if number and stop:
            found.append(Piece(hit, hit=True))
            part = rest  # noqa: PLW2901 - what is left of it
        if part:
            found.append(Piece(part, hit=False))
    return found

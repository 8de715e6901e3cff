"""SQL of the full-text search: which postmortems match, and the places of each that match best."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, any_, case, cast, exists, func, literal, select, true
from sqlalchemy import union_all as union
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.search.excerpts import Piece, excerpt_of
from domain.search.query import Place, SearchQuery
from models.action_item import ActionItem
from models.content import Section
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.prebuilt import Prebuilt, instant_of, text_of, texts_of
from models.queries.search_conditions import (
    BoundQuery,
    all_of,
    any_of,
    phrases_match,
    query_values,
    title_words,
    typed_query,
    weighted,
)
from models.search import SearchDocument

CANDIDATES = 200
"""How many of the newest are ranked, and how many by their titles."""
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
    """``newest`` is how many of the newest were found, at most one more than :data:`CANDIDATES`, and ``looked_at`` how
    many documents were looked at for them. Older ones that hold all the words in their title are ranked beside them."""

    ranked: Sequence[RankedPostmortem]
    newest: int
    looked_at: int


async def list_candidates(
    session: AsyncSession, viewer: Viewer, query: SearchQuery, place: Place | None, as_of: datetime, window: int | None
) -> Candidates:
    """The newest visible postmortems that match, of the ``window`` newest documents, and the newest by their titles."""
    counts = (len(query.phrases), len(query.refused))
    has_refused = query.words != query.sought
    statement = _candidates(place, window, *counts, is_admin=viewer.is_admin, has_refused=has_refused)
    rows = await statement.rows(session, **viewer_values(viewer), **query_values(query), as_of=as_of)
    ranked = [RankedPostmortem(row["rank"], row["created_at"], row["id"]) for row in rows if row["id"] is not None]
    return Candidates(ranked, rows[0]["newest"], rows[0]["looked_at"])


@cache
def _candidates(
    place: Place | None, window: int | None, phrases: int, refused: int, *, is_admin: bool, has_refused: bool
) -> Prebuilt:
    viewer, query, as_of = BoundViewer(is_admin), BoundQuery.of(phrases, refused), instant_of("as_of")
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
    titled = select(Postmortem.id, Postmortem.created_at).where(
        title_words(Postmortem.title).op("@@")(words),
        func.numnode(typed_query(query.sought)) > 0,
        Postmortem.created_at <= as_of,
        visible_to(viewer),
        *phrases_match(query),
        *_is_in(place, query),
    )
    if has_refused:
        titled = titled.where(
            exists().where(SearchDocument.postmortem_id == Postmortem.id, SearchDocument.words.op("@@")(words))
        )
    titled = titled.order_by(Postmortem.created_at.desc(), Postmortem.id.desc()).limit(CANDIDATES)
    either = select(newest.c.id, newest.c.created_at).union(select(titled.cte("titled"))).subquery()
    document = SearchDocument.__table__.alias("document")
    ranked = (
        select(either.c.id, either.c.created_at, func.ts_rank(document.c.words, any_of(query.sought)).label("rank"))
        .join(document, document.c.postmortem_id == either.c.id)
        .subquery()
    )
    looked_at = select(func.count()).select_from(found).scalar_subquery().label("looked_at")
    count = select(func.count()).select_from(newest).scalar_subquery().label("newest")
    counts = select(looked_at, count).subquery()
    return Prebuilt(select(counts.c.looked_at, counts.c.newest, ranked).select_from(counts.outerjoin(ranked, true())))


def _is_in(place: Place | None, query: BoundQuery) -> list[ColumnElement[bool]]:
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


@dataclass(frozen=True, slots=True)
class FoundPostmortem:
    id: str
    number: int
    title: str
    status: str
    created_at: datetime


async def list_postmortems(session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> dict[str, FoundPostmortem]:
    """By their ids; only those that the viewer may see. An administrator's read of private ones is audited."""
    plain = _postmortems(is_admin=viewer.is_admin, is_audited=False)
    audited = _postmortems(is_admin=True, is_audited=True) if viewer.is_admin else plain
    rows = await rows_with_audit(session, viewer, audited, plain, {**viewer_values(viewer), "ids": list(ids)})
    return {row["id"]: FoundPostmortem(*row) for row in rows}


@cache
def _postmortems(*, is_admin: bool, is_audited: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    columns = (Postmortem.id, Postmortem.number, Postmortem.title, Postmortem.status, Postmortem.created_at)
    those = Postmortem.id == any_(texts_of("ids"))
    statement: Any = select(*columns).where(those, visible_to(viewer))
    return Prebuilt(with_audit_of(select(Postmortem.id).where(those), statement, viewer) if is_audited else statement)


async def list_matches(
    session: AsyncSession, viewer: Viewer, query: SearchQuery, place: Place | None, ids: Sequence[str]
) -> dict[str, list[Match]]:
    """The best places of each postmortem, by its id."""
    statement = _matches(place, is_admin=viewer.is_admin)
    rows = await statement.rows(session, **viewer_values(viewer), sought=query.sought, ids=list(ids))
    matches: dict[str, list[Match]] = {}
    for postmortem_id, where, section, id_, text, whole in rows:
        marked = pieces(text) if whole is None else excerpt_of(whole, query.sought)
        matches.setdefault(postmortem_id, []).append(Match(Place(where), section, id_, marked))
    return matches


@cache
def _matches(place: Place | None, *, is_admin: bool) -> Prebuilt:
    words = any_of(text_of("sought"))
    places = union(
        *(_found_in(one, words).where(visible_to(BoundViewer(is_admin))) for one in Place if place in {None, one})
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
    return Prebuilt(statement.order_by(shown.c.postmortem_id, shown.c.nth))


def _found_in(place: Place, query: ColumnElement[Any]) -> Select[Any]:
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
    ).where(Postmortem.id == any_(texts_of("ids")), vector.op("@@")(query))


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

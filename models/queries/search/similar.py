"""SQL about similar postmortems: the words and services that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Float, String, any_, bindparam, column, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.search.similarity import DocumentWord
from models.action_item import ActionItem
from models.postmortem import Postmortem, PostmortemService
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to
from models.queries.prebuilt import Prebuilt, json_list, json_object, number_of, text_of, texts_of
from models.search import SearchDocument
from models.team import Service

COMMON = 300
"""A word in more postmortems than that says nothing about one."""
CANDIDATES = 50


_WORDS = Prebuilt(
    text(
        """
    with size as (
        select greatest(reltuples, (select count(*) from (select from search_document limit 5000) as counted)) as total
        from pg_class where oid = cast('search_document' as regclass)
    ),
    common as (
        select elements.lexeme
        from pg_stats
        cross join size
        cross join unnest(
            cast(cast(most_common_elems as text) as text[]), most_common_elem_freqs
        ) as elements (lexeme, share)
        where schemaname = current_schema() and tablename = 'search_document' and attname = 'words'
            and elements.share * size.total > :common
    )
    select word.lexeme, word.positions, size.total, (
        select count(*) from (
            select from search_document as other
            where other.words @@ cast(quote_literal(word.lexeme) as tsquery) limit :common + 1
        ) as bounded
    ) as documents
    from size, search_document as document, unnest(document.words) as word
    where document.postmortem_id = :id and word.positions <> cast('{5}' as smallint[])
        and not exists (select from common where common.lexeme = word.lexeme)
    """
    ).bindparams(text_of("id"), number_of("common"))
)
"""Words that PostgreSQL's own statistics know to be common are not even counted, and every count is limited."""


async def list_words(session: AsyncSession, postmortem_id: str) -> tuple[list[DocumentWord], int]:
    """The words of a postmortem that are not common, and the number of all postmortems."""
    rows = await _WORDS.rows(session, id=postmortem_id, common=COMMON)
    total = int(rows[0]["total"]) if rows else 0
    return [
        DocumentWord(lexeme, tuple(positions), documents)
        for lexeme, positions, _, documents in rows
        if documents <= COMMON
    ], total


async def list_sharing_words(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, weights: Mapping[str, float]
) -> dict[str, list[str]]:
    """The visible postmortems that share most of the weight, each with the shared words, the heaviest first."""
    if not weights:
        return {}
    rows = await _sharing_words(viewer.is_admin).rows(
        session,
        **viewer_values(viewer),
        id=postmortem_id,
        lexemes=list(weights),
        weights=list(weights.values()),
    )
    return {id_: sorted(words, key=lambda word: (-weights[word], word)) for id_, words in rows}


@cache
def _sharing_words(is_admin: bool) -> Prebuilt:
    words = (
        func.unnest(texts_of("lexemes"), bindparam("weights", type_=ARRAY(Float)))
        .table_valued(column("lexeme", String), column("weight", Float), name="word")
        .render_derived()
    )
    query = func.quote_literal(words.c.lexeme).op("::")(literal_column("tsquery"))
    shared: Any = func.array_agg(words.c.lexeme).label("words")
    found = (
        select(SearchDocument.postmortem_id, func.sum(words.c.weight).label("weight"), shared)
        .select_from(words.join(SearchDocument, SearchDocument.words.op("@@")(query)))
        .where(SearchDocument.postmortem_id != text_of("id"))
        .group_by(SearchDocument.postmortem_id)
        .cte("found")
        .prefix_with("materialized", dialect="postgresql")
    )
    return Prebuilt(
        select(Postmortem.id, found.c.words)
        .join(found, found.c.postmortem_id == Postmortem.id)
        .where(visible_to(BoundViewer(is_admin)))
        .order_by(found.c.weight.desc(), found.c.postmortem_id)
        .limit(CANDIDATES)
    )


async def list_sharing_services(session: AsyncSession, viewer: Viewer, postmortem_id: str) -> list[str]:
    """The newest visible ones."""
    rows = await _sharing_services(viewer.is_admin).rows(session, **viewer_values(viewer), id=postmortem_id)
    return [row[0] for row in rows]


@cache
def _sharing_services(is_admin: bool) -> Prebuilt:
    own = aliased(PostmortemService)
    its = select(own.service_id).where(own.postmortem_id == text_of("id"))
    linked = select(PostmortemService.postmortem_id).where(PostmortemService.service_id.in_(its))
    statement = select(Postmortem.id).where(
        Postmortem.id.in_(linked), Postmortem.id != text_of("id"), visible_to(BoundViewer(is_admin))
    )
    return Prebuilt(statement.order_by(Postmortem.created_at.desc(), Postmortem.id.desc()).limit(CANDIDATES))


@dataclass(frozen=True, slots=True)
class Compared:
    """A postmortem that is compared. ``services`` are objects of ``id`` and ``name``, by name."""

    id: str
    number: int
    title: str
    status: str
    created_at: datetime
    root_cause_category: str | None
    length: int
    title_words: list[str]
    services: list[dict[str, str]]


async def list_compared(session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> dict[str, Compared]:
    """By their ids; only those that the viewer may see."""
    rows = await _compared(viewer.is_admin).rows(session, **viewer_values(viewer), ids=list(ids))
    return {row["id"]: Compared(*row) for row in rows}


@cache
def _compared(is_admin: bool) -> Prebuilt:
    service = json_list(json_object(id=Service.id, name=Service.name), Service.name, Service.id)
    services = select(service).join(PostmortemService).where(PostmortemService.postmortem_id == Postmortem.id)
    statement = select(
        Postmortem.id,
        Postmortem.number,
        Postmortem.title,
        Postmortem.status,
        Postmortem.created_at,
        Postmortem.root_cause_category,
        func.length(SearchDocument.words),
        func.tsvector_to_array(func.search_vector(Postmortem.title)),
        services.correlate(Postmortem).scalar_subquery(),
    ).join(SearchDocument, SearchDocument.postmortem_id == Postmortem.id)
    return Prebuilt(statement.where(Postmortem.id == any_(texts_of("ids")), visible_to(BoundViewer(is_admin))))


_SPELLED = Prebuilt(
    text(
        """
    with written (body) as (
        select title from postmortem where id = :id
        union all select body from section where postmortem_id = :id
        union all select event from timeline_event where postmortem_id = :id
    ),
    word as (
        select lower(token) as spelling, (ts_lexize('english_stem', lower(token)))[1] as lexeme
        from written, ts_parse('default', search_text(left(body, 30000)))
    )
    select lexeme, min(spelling) from word where lexeme = any(:lexemes) group by lexeme
    """
    ).bindparams(text_of("id"), texts_of("lexemes"))
)


async def list_spellings(session: AsyncSession, postmortem_id: str, lexemes: set[str]) -> dict[str, str]:
    """How the postmortem spells the words whose stems a document keeps."""
    if not lexemes:
        return {}
    rows = await _SPELLED.rows(session, id=postmortem_id, lexemes=sorted(lexemes))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class OpenItem:
    id: str
    postmortem_id: str
    description: str
    owner_id: str | None
    due_on: date | None
    priority: str
    status: str


_OPEN_ITEMS = Prebuilt(
    select(
        ActionItem.id,
        ActionItem.postmortem_id,
        ActionItem.description,
        ActionItem.owner_id,
        ActionItem.due_on,
        ActionItem.priority,
        ActionItem.status,
    )
    .where(ActionItem.postmortem_id == any_(texts_of("ids")), ActionItem.status.in_(("OPEN", "IN_PROGRESS")))
    .order_by(ActionItem.due_on, ActionItem.id)
)


async def list_open_items(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[OpenItem]]:
    """Those that are not done, soonest due first. Everyone who sees the postmortem sees them."""
    found: dict[str, list[OpenItem]] = {}
    for row in await _OPEN_ITEMS.rows(session, ids=list(ids)):
        item = OpenItem(*row)
        found.setdefault(item.postmortem_id, []).append(item)
    return found

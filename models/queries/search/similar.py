"""SQL about similar postmortems: the words and services that they share."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Float, String, Text, bindparam, column, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.search.similarity import DocumentWord
from models.action_item import ActionItem
from models.postmortem import Postmortem, PostmortemService
from models.queries.access.visibility import visible_to
from models.search import SearchDocument
from models.team import Service

COMMON = 300
"""A word in more postmortems than that says nothing about one."""
CANDIDATES = 50


_WORDS = text(
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
)
"""Words that PostgreSQL's own statistics know to be common are not even counted, and every count is limited."""


async def list_words(session: AsyncSession, postmortem_id: str) -> tuple[list[DocumentWord], int]:
    """The words of a postmortem that are not common, and the number of all postmortems."""
    rows = (await session.execute(_WORDS, {"id": postmortem_id, "common": COMMON})).all()
    total = int(rows[0].total) if rows else 0
    return [
        DocumentWord(row.lexeme, tuple(row.positions), row.documents) for row in rows if row.documents <= COMMON
    ], total


async def list_sharing_words(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, weights: Mapping[str, float]
) -> dict[str, list[str]]:
    """The visible postmortems that share most of the weight, each with the shared words, the heaviest first."""
    if not weights:
        return {}
    words = (
        func.unnest(
            bindparam("lexemes", list(weights), ARRAY(Text)), bindparam("weights", list(weights.values()), ARRAY(Float))
        )
        .table_valued(column("lexeme", String), column("weight", Float), name="word")
        .render_derived()
    )
    query = func.quote_literal(words.c.lexeme).op("::")(literal_column("tsquery"))
    shared: Any = func.array_agg(words.c.lexeme).label("words")
    found = (
        select(SearchDocument.postmortem_id, func.sum(words.c.weight).label("weight"), shared)
        .select_from(words.join(SearchDocument, SearchDocument.words.op("@@")(query)))
        .where(SearchDocument.postmortem_id != postmortem_id)
        .group_by(SearchDocument.postmortem_id)
        .cte("found")
        .prefix_with("materialized", dialect="postgresql")
    )
    statement = (
        select(Postmortem.id, found.c.words)
        .join(found, found.c.postmortem_id == Postmortem.id)
        .where(visible_to(viewer))
        .order_by(found.c.weight.desc(), found.c.postmortem_id)
        .limit(CANDIDATES)
    )
    rows = (await session.execute(statement)).all()
    return {row.id: sorted(row.words, key=lambda word: (-weights[word], word)) for row in rows}


async def list_sharing_services(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, service_ids: Sequence[str]
) -> list[str]:
    """The newest visible ones."""
    if not service_ids:
        return []
    linked = select(PostmortemService.postmortem_id).where(PostmortemService.service_id.in_(service_ids))
    statement = select(Postmortem.id).where(
        Postmortem.id.in_(linked), Postmortem.id != postmortem_id, visible_to(viewer)
    )
    statement = statement.order_by(Postmortem.created_at.desc(), Postmortem.id.desc()).limit(CANDIDATES)
    return list((await session.execute(statement)).scalars())


async def list_rows(session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> Sequence[Any]:
    columns = (
        Postmortem.id,
        Postmortem.number,
        Postmortem.title,
        Postmortem.status,
        Postmortem.created_at,
        Postmortem.root_cause_category,
        func.length(SearchDocument.words).label("length"),
        func.tsvector_to_array(func.search_vector(Postmortem.title)).label("title_words"),
    )
    statement = select(*columns).join(SearchDocument, SearchDocument.postmortem_id == Postmortem.id)
    return (await session.execute(statement.where(Postmortem.id.in_(ids), visible_to(viewer)))).all()


async def list_services(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[Service]]:
    statement = (
        select(PostmortemService.postmortem_id, Service)
        .join(Service, Service.id == PostmortemService.service_id)
        .where(PostmortemService.postmortem_id.in_(ids))
        .order_by(Service.name)
    )
    found: dict[str, list[Service]] = {}
    for postmortem_id, service in (await session.execute(statement)).all():
        found.setdefault(postmortem_id, []).append(service)
    return found


_SPELLED = text(
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
)


async def list_spellings(session: AsyncSession, postmortem_id: str, lexemes: set[str]) -> dict[str, str]:
    """How the postmortem spells the words whose stems a document keeps."""
    if not lexemes:
        return {}
    given = {"id": postmortem_id, "lexemes": sorted(lexemes)}
    return {row[0]: row[1] for row in (await session.execute(_SPELLED, given)).all()}


async def list_open_items(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[ActionItem]]:
    """Those that are not done, soonest due first. Everyone who sees the postmortem sees them."""
    statement = select(ActionItem).where(
        ActionItem.postmortem_id.in_(ids), ActionItem.status.in_(("OPEN", "IN_PROGRESS"))
    )
    found: dict[str, list[ActionItem]] = {}
    for item in (await session.execute(statement.order_by(ActionItem.due_on, ActionItem.id))).scalars():
        found.setdefault(item.postmortem_id, []).append(item)
    return found

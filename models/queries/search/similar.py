"""Postmortems like another one, why, and what was promised then and is still open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Float, String, Text, bindparam, column, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.search.similarity import LEAST, DocumentWord, Telling, score, telling
from models.action_item import ActionItem
from models.postmortem import Postmortem, PostmortemService
from models.queries.access.visibility import visible_to
from models.queries.audit.audit_log import note_reads
from models.queries.postmortems.postmortems import get_visible
from models.queries.search.conditions import plan_for_words
from models.search import SearchDocument
from models.team import Service

COMMON = 300
"""A word in more postmortems than that tells nothing about one."""
CANDIDATES = 50
SHOWN_WORDS = 8


@dataclass(frozen=True, slots=True)
class Similar:
    """``words`` are the rare ones that both hold, as they are written in the postmortem that was asked about."""

    id: str
    number: int
    title: str
    status: str
    created_at: datetime
    score: float
    words: Sequence[str]
    services: Sequence[Service]
    cause: str | None
    open_items: Sequence[ActionItem]


async def list_similar(session: AsyncSession, viewer: Viewer, postmortem_id: str, limit: int) -> list[Similar]:
    """The most similar first; only what the viewer may see. Raises NotFound.

    How rare a word is, is counted over all postmortems; of those that the viewer may not see nothing else is used.
    """
    seen = await get_visible(session, viewer, postmortem_id)
    await plan_for_words(session)
    words = telling(*await _words(session, postmortem_id))
    services = (await _services(session, [postmortem_id])).get(postmortem_id, [])
    shared = await _sharing_words(session, viewer, postmortem_id, words)
    ids = {*shared, *await _sharing_services(session, viewer, postmortem_id, [one.id for one in services])}
    cause = seen.postmortem.root_cause_category
    others = await _services(session, sorted(ids))
    rows = {row.id: row for row in await _rows(session, viewer, [postmortem_id, *sorted(ids)])}
    own = rows.pop(postmortem_id)
    scores = {
        one: score(
            words,
            shared.get(one, ()),
            row.title_words,
            [service.id for service in services],
            [service.id for service in others.get(one, [])],
            same_cause=cause is not None and row.root_cause_category == cause,
            times_as_long=row.length / max(1, own.length),
        )
        for one, row in rows.items()
    }
    best = sorted((one for one in scores if scores[one] >= LEAST), key=lambda one: (-scores[one], one))[:limit]
    spelled = await _spelled(session, postmortem_id, {word for one in best for word in shared.get(one, ())})
    items = await _open_items(session, best)
    await note_reads(session, viewer, best)
    ours = {service.id for service in services}
    return [
        Similar(
            id=one,
            number=rows[one].number,
            title=rows[one].title,
            status=rows[one].status,
            created_at=rows[one].created_at,
            score=scores[one],
            words=[spelled.get(word, word) for word in shared.get(one, ())][:SHOWN_WORDS],
            services=[service for service in others.get(one, []) if service.id in ours],
            cause=cause if cause is not None and rows[one].root_cause_category == cause else None,
            open_items=items.get(one, []),
        )
        for one in best
    ]


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
"""What PostgreSQL's own statistics know to be common is not even counted; no count goes on for long."""


async def _words(session: AsyncSession, postmortem_id: str) -> tuple[list[DocumentWord], int]:
    rows = (await session.execute(_WORDS, {"id": postmortem_id, "common": COMMON})).all()
    total = int(rows[0].total) if rows else 0
    return [
        DocumentWord(row.lexeme, tuple(row.positions), row.documents) for row in rows if row.documents <= COMMON
    ], total


async def _sharing_words(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, telling_words: Mapping[str, Telling]
) -> dict[str, list[str]]:
    """The visible postmortems that share most of those words, each with the words, the most telling first."""
    if not telling_words:
        return {}
    weights = {lexeme: one.weight for lexeme, one in telling_words.items()}
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


async def _sharing_services(
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


async def _rows(session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> Sequence[Any]:
    columns = (
        Postmortem.id,
        Postmortem.number,
        Postmortem.title,
        Postmortem.status,
        Postmortem.created_at,
        Postmortem.root_cause_category,
        func.length(SearchDocument.words).label("length"),
        func.tsvector_to_array(func.to_tsvector("english", Postmortem.title)).label("title_words"),
    )
    statement = select(*columns).join(SearchDocument, SearchDocument.postmortem_id == Postmortem.id)
    return (await session.execute(statement.where(Postmortem.id.in_(ids), visible_to(viewer)))).all()


async def _services(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[Service]]:
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
        from written, ts_parse('default', left(body, 30000))
    )
    select lexeme, min(spelling) from word where lexeme = any(:lexemes) group by lexeme
    """
)


async def _spelled(session: AsyncSession, postmortem_id: str, lexemes: set[str]) -> dict[str, str]:
    """The words as people wrote them, for the stems that a document keeps."""
    if not lexemes:
        return {}
    given = {"id": postmortem_id, "lexemes": sorted(lexemes)}
    return {row[0]: row[1] for row in (await session.execute(_SPELLED, given)).all()}


async def _open_items(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[ActionItem]]:
    """What was promised and is not done, soonest due first. Whoever sees the postmortem sees them."""
    statement = select(ActionItem).where(
        ActionItem.postmortem_id.in_(ids), ActionItem.status.in_(("OPEN", "IN_PROGRESS"))
    )
    found: dict[str, list[ActionItem]] = {}
    for item in (await session.execute(statement.order_by(ActionItem.due_on, ActionItem.id))).scalars():
        found.setdefault(item.postmortem_id, []).append(item)
    return found

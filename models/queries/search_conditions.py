"""SQL conditions for a search query, on search documents and on the places of a postmortem."""

from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, func, not_, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.search.query import SearchQuery, parse_query
from models.action_item import ActionItem
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.search import SearchDocument
from models.section import Section


def typed_query(words: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery("english", func.search_text(words))


def _as_query(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(text, TSQUERY)


def all_of(words: str) -> ColumnElement[Any]:
    """Documents keep no order of words, so "followed by" becomes "and"; phrases have conditions of their own."""
    return _as_query(func.regexp_replace(cast(typed_query(words), String), r"<(-|\d+)>", "&", "g"))


def any_of(words: str) -> ColumnElement[Any]:
    return _as_query(func.regexp_replace(cast(typed_query(words), String), r"<(-|\d+)>|&", "|", "g"))


def weighted(query: ColumnElement[Any], weight: str) -> ColumnElement[Any]:
    return _as_query(func.regexp_replace(cast(query, String), r"'([^']|'')*'", rf"\&:{weight}", "g"))


def _phrase_in_one_place(phrase: str) -> ColumnElement[bool]:
    query = func.phraseto_tsquery("english", func.search_text(phrase))
    rows = (
        exists().where(table.postmortem_id == Postmortem.id, table.search.op("@@")(query))
        for table in (Section, TimelineEvent, Comment, ActionItem)
    )
    return or_(func.search_vector(Postmortem.title).op("@@")(query), *rows)


def phrases_match(query: SearchQuery) -> list[ColumnElement[bool]]:
    phrases = [_phrase_in_one_place(one) for one in query.phrases]
    return [*phrases, *(not_(_phrase_in_one_place(one)) for one in query.refused)]


def matching(typed: str) -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`, for lists; the same sources and rules as the search.

    A query that only refuses (``-this``) finds nothing, as words like "the" do. Call :func:`plan_for_words` before.
    """
    query = parse_query(typed)
    if not query.sought:
        return false()
    found = select(SearchDocument.postmortem_id).where(
        SearchDocument.words.op("@@")(all_of(query.words)), func.numnode(typed_query(query.sought)) > 0
    )
    return and_(Postmortem.id.in_(found).is_(True), *phrases_match(query))


async def plan_for_words(session: AsyncSession) -> None:
    """For this transaction: plan each query for its own words, and find documents by their index.

    A plan that is kept for all words suits none of them; and the planner does not know what it costs to unpack a
    document, so it would read all of them for a word that half of them hold.
    """
    await session.execute(
        select(
            func.set_config("plan_cache_mode", "force_custom_plan", True),
            func.set_config("enable_seqscan", "off", True),
        )
    )

"""SQL conditions for a search query, on search documents and on the places of a postmortem."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, and_, cast, func, not_, select, union_all
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.search.query import SearchQuery
from models.action_item import ActionItem
from models.content import Section
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.queries.prebuilt import settings_of_transaction, text_of
from models.search import SearchDocument

Words = str | BindParameter[str]


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A :class:`SearchQuery` in a prebuilt statement: its words come as parameters, see :func:`query_values`."""

    words: BindParameter[str]
    sought: BindParameter[str]
    phrases: tuple[BindParameter[str], ...]
    refused: tuple[BindParameter[str], ...]

    @classmethod
    def of(cls, phrases: int, refused: int) -> "BoundQuery":
        return cls(
            text_of("words"),
            text_of("sought"),
            tuple(text_of(f"phrase_{number}") for number in range(phrases)),
            tuple(text_of(f"refused_{number}") for number in range(refused)),
        )


def query_values(query: SearchQuery) -> dict[str, str]:
    phrases = {f"phrase_{number}": one for number, one in enumerate(query.phrases)}
    refused = {f"refused_{number}": one for number, one in enumerate(query.refused)}
    return {"words": query.words, "sought": query.sought, **phrases, **refused}


def typed_query(words: Words) -> ColumnElement[Any]:
    return func.websearch_to_tsquery("english", func.search_text(words))


def _as_query(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(text, TSQUERY)


def all_of(words: Words) -> ColumnElement[Any]:
    """Documents keep no order of words, so "followed by" becomes "and"; phrases have conditions of their own."""
    return _as_query(func.regexp_replace(cast(typed_query(words), String), r"<(-|\d+)>", "&", "g"))


def any_of(words: Words) -> ColumnElement[Any]:
    return _as_query(func.regexp_replace(cast(typed_query(words), String), r"<(-|\d+)>|&", "|", "g"))


def weighted(query: ColumnElement[Any], weight: str) -> ColumnElement[Any]:
    return _as_query(func.regexp_replace(cast(query, String), r"'([^']|'')*'", rf"\&:{weight}", "g"))


def title_words(title: Any) -> ColumnElement[Any]:
    """As ``ix_postmortem_title_words`` has them."""
    return func.search_vector(title)


def _phrase_in_one_place(phrase: Words) -> ColumnElement[bool]:
    """The places are found by their indexes, once for the whole statement: of words that thousands of postmortems
    hold, few stand side by side."""
    query = func.phraseto_tsquery("english", func.search_text(phrase))
    titled = Postmortem.__table__.alias("titled")
    places = [
        select(table.postmortem_id).where(table.search.op("@@")(query))
        for table in (Section, TimelineEvent, Comment, ActionItem)
    ]
    found = union_all(*places, select(titled.c.id).where(title_words(titled.c.title).op("@@")(query)))
    return Postmortem.id.in_(found)


def phrases_match(query: SearchQuery | BoundQuery) -> list[ColumnElement[bool]]:
    phrases = [_phrase_in_one_place(one) for one in query.phrases]
    return [*phrases, *(not_(_phrase_in_one_place(one)) for one in query.refused)]


def matching(query: SearchQuery | BoundQuery) -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`, for lists; the same sources and rules as the search.

    Words like "the" find nothing. Run it :func:`planned_for_words`.
    """
    found = select(SearchDocument.postmortem_id).where(
        SearchDocument.words.op("@@")(all_of(query.words)), func.numnode(typed_query(query.sought)) > 0
    )
    return and_(Postmortem.id.in_(found).is_(True), *phrases_match(query))


@asynccontextmanager
async def planned_for_words(session: AsyncSession) -> AsyncIterator[None]:
    """Plans each query for its own words, and finds documents by their index.

    A plan that is kept for all words suits none of them; and the planner does not know what it costs to unpack a
    document, so it would read all of them for a word that half of them hold.
    """
    async with settings_of_transaction(session, plan_cache_mode="force_custom_plan", enable_seqscan="off"):
        yield

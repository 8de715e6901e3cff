"""Conditions for what people type into a search box, on documents and on the places of a postmortem."""

from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, func, not_, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.search.query import Wanted, parse
from models.action_item import ActionItem
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.search import SearchDocument
from models.section import Section


def typed_query(words: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery("english", words)


def _as_query(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(text, TSQUERY)


def all_of(words: str) -> ColumnElement[Any]:
    """Documents keep no order of words, so "one after another" becomes "and"; phrases are asked for by themselves."""
    return _as_query(func.regexp_replace(cast(typed_query(words), String), r"<(-|\d+)>", "&", "g"))


def any_of(words: str) -> ColumnElement[Any]:
    return _as_query(func.regexp_replace(cast(typed_query(words), String), r"<(-|\d+)>|&", "|", "g"))


def weighted(query: ColumnElement[Any], weight: str) -> ColumnElement[Any]:
    return _as_query(func.regexp_replace(cast(query, String), r"'([^']|'')*'", rf"\&:{weight}", "g"))


def _phrase_in_one_place(phrase: str) -> ColumnElement[bool]:
    query = func.phraseto_tsquery("english", phrase)
    rows = (
        exists().where(table.postmortem_id == Postmortem.id, table.search.op("@@")(query))
        for table in (Section, TimelineEvent, Comment, ActionItem)
    )
    return or_(func.to_tsvector("english", Postmortem.title).op("@@")(query), *rows)


def phrases_met(wanted: Wanted) -> list[ColumnElement[bool]]:
    met = [_phrase_in_one_place(one) for one in wanted.phrases]
    return [*met, *(not_(_phrase_in_one_place(one)) for one in wanted.refused)]


def matching(typed: str) -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`, for lists; the same sources and rules as :func:`search`.

    What only refuses (``-this``) finds nothing, as words like "the" do. Call :func:`plan_for_words` before.
    """
    wanted = parse(typed)
    if not wanted.sought:
        return false()
    found = select(SearchDocument.postmortem_id).where(
        SearchDocument.words.op("@@")(all_of(wanted.words)), func.numnode(typed_query(wanted.sought)) > 0
    )
    return and_(Postmortem.id.in_(found).is_(True), *phrases_met(wanted))


async def plan_for_words(session: AsyncSession) -> None:
    """For this transaction: each plan is made for its own words, and documents are found by their index.

    A plan kept for all words suits none; and the planner, who does not know what unpacking a document costs, would
    read all of them for a word that half of them hold.
    """
    await session.execute(
        select(
            func.set_config("plan_cache_mode", "force_custom_plan", True),
            func.set_config("enable_seqscan", "off", True),
        )
    )

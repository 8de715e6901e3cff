"""Finds postmortems that are similar to another one, why they are, and which of their action items are still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Viewer
from domain.search.similarity import LEAST, characteristic_words, score
from models.action_item import ActionItem
from models.queries.audit.audit_log import note_reads
from models.queries.postmortems.postmortems import get_visible
from models.queries.search import similar as queries
from models.queries.search_conditions import plan_for_words
from models.session import Session
from models.team import Service

SHOWN_WORDS = 8


@dataclass(frozen=True, slots=True)
class Similar:
    """``words`` are rare ones that both hold, as the postmortem in question spells them."""

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


async def list_similar(session: Session, viewer: Viewer, postmortem_id: str, limit: int) -> list[Similar]:
    """The most similar first; only what the viewer may see. Raises NotFound.

    The rarity of a word is counted over all postmortems; of those that the viewer may not see nothing else is used.
    """
    visible = await get_visible(session, viewer, postmortem_id)
    await plan_for_words(session)
    words = characteristic_words(*await queries.list_words(session, postmortem_id))
    services = (await queries.list_services(session, [postmortem_id])).get(postmortem_id, [])
    weights = {one: words[one].weight for one in words}
    shared = await queries.list_sharing_words(session, viewer, postmortem_id, weights)
    ids = {*shared, *await queries.list_sharing_services(session, viewer, postmortem_id, [one.id for one in services])}
    cause = visible.postmortem.root_cause_category
    others = await queries.list_services(session, sorted(ids))
    rows = {row.id: row for row in await queries.list_rows(session, viewer, [postmortem_id, *sorted(ids)])}
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
    spelled = await queries.list_spellings(
        session, postmortem_id, {word for one in best for word in shared.get(one, ())}
    )
    items = await queries.list_open_items(session, best)
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

"""Finds postmortems that are similar to another one, why they are, and which of their action items are still open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Viewer
from domain.search.similarity import LEAST, characteristic_words, score
from models.queries.audit.audit_log import note_reads
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.search import similar as queries
from models.queries.search.similar import OpenItem
from models.queries.search_conditions import planned_for_words
from models.session import Session

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
    services: Sequence[Mapping[str, str]]
    cause: str | None
    open_items: Sequence[OpenItem]


async def list_similar(session: Session, viewer: Viewer, visible: VisiblePostmortem, limit: int) -> list[Similar]:
    """The most similar first; only what the viewer may see.

    The rarity of a word is counted over all postmortems; of those that the viewer may not see nothing else is used.
    """
    postmortem_id = visible.postmortem.id
    async with planned_for_words(session):
        words = characteristic_words(*await queries.list_words(session, postmortem_id))
        weights = {one: words[one].weight for one in words}
        shared = await queries.list_sharing_words(session, viewer, postmortem_id, weights)
    near = await queries.list_sharing_services(session, viewer, postmortem_id)
    others = await queries.list_compared(session, viewer, [postmortem_id, *sorted({*shared, *near})])
    own = others.pop(postmortem_id)
    cause, services = visible.postmortem.root_cause_category, {one["id"] for one in own.services}
    scores = {
        id_: score(
            words,
            shared.get(id_, ()),
            one.title_words,
            sorted(services),
            [service["id"] for service in one.services],
            same_cause=cause is not None and one.root_cause_category == cause,
            times_as_long=one.length / max(1, own.length),
        )
        for id_, one in others.items()
    }
    best = sorted((one for one in scores if scores[one] >= LEAST), key=lambda one: (-scores[one], one))[:limit]
    spelled = await queries.list_spellings(
        session, postmortem_id, {word for one in best for word in shared.get(one, ())}
    )
    items = await queries.list_open_items(session, best)
    await note_reads(session, viewer, best)
    return [
        Similar(
            id=one.id,
            number=one.number,
            title=one.title,
            status=one.status,
            created_at=one.created_at,
            score=scores[one.id],
            words=[spelled.get(word, word) for word in shared.get(one.id, ())][:SHOWN_WORDS],
            services=[service for service in one.services if service["id"] in services],
            cause=cause if cause is not None and one.root_cause_category == cause else None,
            open_items=items.get(one.id, []),
        )
        for one in (others[id_] for id_ in best)
    ]

"""What advice is given on, and what of it somebody set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Viewer
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.advice import AdviceIgnore
from models.person import Person
from models.postmortem import Postmortem, PostmortemEditor, PostmortemParticipant, TimelineEvent
from models.queries.content.section_texts import read_bodies
from models.queries.postmortems.postmortems import VisiblePostmortem, audit_seen

EVENTS_LIMIT = 5000
ITEMS_LIMIT = 1000
PEOPLE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a postmortem: sections by their names on the wire, events and action items by their ids.

    ``people`` are names and handles of those who took part; ``ignored`` are fingerprints.
    """

    sections: Mapping[str, str]
    events: Sequence[tuple[str, str]]
    items: Sequence[tuple[str, str]]
    metrics: Mapping[str, Any]
    people: Sequence[str]
    ignored: frozenset[str]


async def section_texts(session: AsyncSession, postmortem: Postmortem) -> dict[str, str]:
    """The filled sections by their names on the wire."""
    bodies = await read_bodies(session, postmortem.id)
    return {name: body.text for name, body in bodies.items() if body.text}


async def get_written(session: AsyncSession, seen: VisiblePostmortem) -> Written:
    """Everything that is advised on: one statement for each table."""
    postmortem = seen.postmortem
    events = select(TimelineEvent.id, TimelineEvent.event).where(TimelineEvent.postmortem_id == postmortem.id)
    events = events.order_by(TimelineEvent.at, TimelineEvent.ordinal).limit(EVENTS_LIMIT)
    items = select(ActionItem.id, ActionItem.description).where(ActionItem.postmortem_id == postmortem.id)
    items = items.order_by(ActionItem.created_at, ActionItem.id).limit(ITEMS_LIMIT)
    ignored = select(AdviceIgnore.fingerprint).where(AdviceIgnore.postmortem_id == postmortem.id)
    return Written(
        await section_texts(session, postmortem),
        [(row[0], row[1]) for row in (await session.execute(events)).all()],
        [(row[0], row[1]) for row in (await session.execute(items)).all()],
        postmortem.impact_metrics,
        await _people(session, postmortem),
        frozenset((await session.execute(ignored)).scalars()),
    )


async def _people(session: AsyncSession, postmortem: Postmortem) -> list[str]:
    """Participants, editors, the author and owners of action items."""
    linked = [
        select(table.person_id).where(table.postmortem_id == postmortem.id)
        for table in (PostmortemParticipant, PostmortemEditor)
    ]
    owners = select(ActionItem.owner_id).where(ActionItem.postmortem_id == postmortem.id)
    theirs = or_(Person.id == postmortem.author_id, *(Person.id.in_(one) for one in (*linked, owners)))
    rows = (await session.execute(select(Person.name, Person.handle).where(theirs).limit(PEOPLE_LIMIT))).all()
    return [name for row in rows for name in (row[0], f"@{row[1]}")]


async def ignore_advice(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, *, rule: str, fingerprint: str, now: datetime
) -> AdviceIgnore:
    """Sets it aside for everybody; the first one who did stays named. Raises EditingClosed."""
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    values = {
        "postmortem_id": seen.postmortem.id,
        "fingerprint": fingerprint,
        "rule": rule,
        "person_id": viewer.person_id,
        "created_at": now,
    }
    statement = insert(AdviceIgnore).values(values).on_conflict_do_nothing().returning(AdviceIgnore.fingerprint)
    if (await session.execute(statement)).scalar_one_or_none() is not None:
        audit_seen(session, viewer, seen, "advice.ignored", after={"rule": rule, "fingerprint": fingerprint})
    return await session.get_one(AdviceIgnore, (seen.postmortem.id, fingerprint))


async def heed_advice(session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, fingerprint: str) -> None:
    """Takes an ignore back. Raises EditingClosed, NotFound."""
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    statement = delete(AdviceIgnore).where(
        AdviceIgnore.postmortem_id == seen.postmortem.id, AdviceIgnore.fingerprint == fingerprint
    )
    rule = (await session.execute(statement.returning(AdviceIgnore.rule))).scalar_one_or_none()
    if rule is None:
        raise NotFound(kind="ignored advice", id=fingerprint)
    audit_seen(session, viewer, seen, "advice.heeded", before={"rule": rule, "fingerprint": fingerprint})

"""SQL about writing suggestions: the text that they are made for, and the findings that people ignored."""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.style.advice import PostmortemText
from models.action_item import ActionItem
from models.content import AdviceIgnore
from models.person import Person
from models.postmortem import Postmortem, PostmortemEditor, PostmortemParticipant, TimelineEvent
from models.queries.content.sections import find_section_texts
from models.queries.postmortems.postmortems import VisiblePostmortem

EVENTS_LIMIT = 5000
ITEMS_LIMIT = 1000
PEOPLE_LIMIT = 200


async def _section_texts(session: AsyncSession, postmortem: Postmortem) -> dict[str, str]:
    """The filled sections by their names on the wire."""
    bodies = await find_section_texts(session, postmortem.id)
    return {name: one.body for name, one in bodies.items() if one.body}


async def get_text(session: AsyncSession, visible: VisiblePostmortem) -> PostmortemText:
    """Everything that is advised on: one statement for each table."""
    postmortem = visible.postmortem
    events = select(TimelineEvent.id, TimelineEvent.event).where(TimelineEvent.postmortem_id == postmortem.id)
    events = events.order_by(TimelineEvent.at, TimelineEvent.ordinal).limit(EVENTS_LIMIT)
    items = select(ActionItem.id, ActionItem.description).where(ActionItem.postmortem_id == postmortem.id)
    items = items.order_by(ActionItem.created_at, ActionItem.id).limit(ITEMS_LIMIT)
    ignored = select(AdviceIgnore.fingerprint).where(AdviceIgnore.postmortem_id == postmortem.id)
    return PostmortemText(
        await _section_texts(session, postmortem),
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


async def insert_ignore(
    session: AsyncSession, postmortem_id: str, rule: str, fingerprint: str, person_id: str, now: datetime
) -> bool:
    """False if the finding was ignored before."""
    values = {
        "postmortem_id": postmortem_id,
        "fingerprint": fingerprint,
        "rule": rule,
        "person_id": person_id,
        "created_at": now,
    }
    statement = insert(AdviceIgnore).values(values).on_conflict_do_nothing().returning(AdviceIgnore.fingerprint)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def get_ignore(session: AsyncSession, postmortem_id: str, fingerprint: str) -> AdviceIgnore:
    return await session.get_one(AdviceIgnore, (postmortem_id, fingerprint))


async def delete_ignore(session: AsyncSession, postmortem_id: str, fingerprint: str) -> str | None:
    """The rule that was ignored; None if it was not."""
    statement = delete(AdviceIgnore).where(
        AdviceIgnore.postmortem_id == postmortem_id, AdviceIgnore.fingerprint == fingerprint
    )
    return (await session.execute(statement.returning(AdviceIgnore.rule))).scalar_one_or_none()

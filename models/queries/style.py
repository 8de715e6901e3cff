"""SQL about writing suggestions: the text that they are made for, and the findings that people ignored."""

from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Text, cast, delete, func, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.style.advice import PostmortemText
from models.action_item import ActionItem
from models.content import AdviceIgnore, Section
from models.person import Person
from models.postmortem import PostmortemEditor, PostmortemParticipant, TimelineEvent
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, json_list, text_of

EVENTS_LIMIT = 5000
ITEMS_LIMIT = 1000
PEOPLE_LIMIT = 200


async def get_text(session: AsyncSession, visible: VisiblePostmortem) -> PostmortemText:
    """Everything that is advised on, with the names of participants, editors, the author and owners of action items:
    one statement."""
    postmortem = visible.postmortem
    row = await _TEXT.row(session, id=postmortem.id, author_id=postmortem.author_id)
    sections, events, items, people, ignored = row
    return PostmortemText(
        {name: body for name, body in sections if body},
        [(id_, text) for id_, text in events],
        [(id_, text) for id_, text in items],
        postmortem.impact_metrics,
        [name for person, handle in people for name in (person, f"@{handle}")],
        frozenset(ignored),
    )


def _text() -> Prebuilt:
    key: Any = text_of("id")
    sections = select(json_list(func.json_build_array(Section.name, Section.body), Section.name))
    events = select(TimelineEvent.id, TimelineEvent.event, TimelineEvent.at, TimelineEvent.ordinal)
    first = events.where(TimelineEvent.postmortem_id == key).order_by(TimelineEvent.at, TimelineEvent.ordinal)
    event = first.limit(EVENTS_LIMIT).subquery().c
    items = select(ActionItem.id, ActionItem.description, ActionItem.created_at)
    oldest = items.where(ActionItem.postmortem_id == key).order_by(ActionItem.created_at, ActionItem.id)
    item = oldest.limit(ITEMS_LIMIT).subquery().c
    linked = [
        select(table.person_id).where(table.postmortem_id == key) for table in (PostmortemParticipant, PostmortemEditor)
    ]
    owners = select(ActionItem.owner_id).where(ActionItem.postmortem_id == key)
    theirs: CompoundSelect[Any] = union_all(select(text_of("author_id")), *linked, owners)
    person = select(Person.name, Person.handle).where(Person.id.in_(theirs)).limit(PEOPLE_LIMIT).subquery().c
    ignored = select(json_list(cast(AdviceIgnore.fingerprint, Text), AdviceIgnore.fingerprint))
    parts = (
        sections.where(Section.postmortem_id == key),
        select(json_list(func.json_build_array(event.id, event.event), event.at, event.ordinal)),
        select(json_list(func.json_build_array(item.id, item.description), item.created_at, item.id)),
        select(json_list(func.json_build_array(person.name, person.handle), person.handle)),
        ignored.where(AdviceIgnore.postmortem_id == key),
    )
    return Prebuilt(select(*(one.scalar_subquery() for one in parts)))


_TEXT = _text()


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

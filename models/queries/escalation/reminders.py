"""Reminders that were sent, and when each workflow looks again."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.reminders import SentStep
from models.action_item import ActionItem
from models.escalation import ReminderAlarm, SentReminder
from models.notification import Notice
from models.postmortem import Postmortem
from models.queries.prebuilt import Prebuilt, instant_of, number_of, text_of

# For workflows


async def lock_postmortem(session: AsyncSession, postmortem_id: str) -> None:
    await session.execute(select(Postmortem.id).where(Postmortem.id == postmortem_id).with_for_update(key_share=True))


async def lock_item(session: AsyncSession, item_id: str) -> None:
    await session.execute(select(ActionItem.id).where(ActionItem.id == item_id).with_for_update(key_share=True))


def _upsert_alarm(table: str) -> Prebuilt:
    """Nothing for a subject that is gone; one that is there can't be deleted meanwhile."""
    return Prebuilt(
        text(
            f"""
            with held as (select id from {table} where id = :subject_id for key share)
            insert into ladder_alarm (subject_id, {table}_id, rings_at, rings_for, looked_at, looks)
            select id, id, cast(:rings_at as timestamptz), cast(:rings_for as text), cast(:looked_at as timestamptz),
                cast(:looks as jsonb)
            from held
            on conflict (subject_id) do update set
                rings_at = excluded.rings_at, rings_for = excluded.rings_for, looked_at = excluded.looked_at,
                looks = excluded.looks
            """  # noqa: S608 - the table is one of ours
        )
    )


_ALARM_OF_POSTMORTEM, _ALARM_OF_ITEM = _upsert_alarm("postmortem"), _upsert_alarm("action_item")


async def upsert_alarm(session: AsyncSession, subject_id: str, values: Mapping[str, Any], *, of_item: bool) -> None:
    """Of an action item, or else of a postmortem."""
    statement = _ALARM_OF_ITEM if of_item else _ALARM_OF_POSTMORTEM
    await statement.write(session, subject_id=subject_id, **{**values, "looks": json.dumps(values["looks"])})


async def list_sent_steps(session: AsyncSession, subject_id: str, due: Collection[datetime]) -> frozenset[SentStep]:
    """Of targets that are due at these instants."""
    if not due:
        return frozenset()
    columns = (SentReminder.target, SentReminder.due_at, SentReminder.step, SentReminder.receiver_id)
    statement = select(*columns).where(SentReminder.subject_id == subject_id, SentReminder.due_at.in_(set(due)))
    return frozenset(SentStep(*row) for row in (await session.execute(statement)).all())


async def insert_sent_reminders(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows that are there already stay as they are."""
    await session.execute(insert(SentReminder).values(list(rows)).on_conflict_do_nothing())


# For the outbox


async def list_overlooked_unscoped(session: AsyncSession, before: datetime, limit: int) -> tuple[list[str], list[str]]:
    """Postmortems and action items whose workflow should have looked again before that instant: it may be lost."""
    rows = await _OVERLOOKED.rows(session, before=before, limit=limit)
    return [one for one, _ in rows if one], [one for _, one in rows if one]


_OVERLOOKED = Prebuilt(
    select(ReminderAlarm.postmortem_id, ReminderAlarm.action_item_id)
    .where(ReminderAlarm.rings_at < instant_of("before"))
    .order_by(ReminderAlarm.rings_at)
    .limit(number_of("limit"))
)


# For those who may see the postmortem


@dataclass(frozen=True, slots=True)
class Escalation:
    """One reminder, to everyone whom it reached at once. ``covers`` are lower steps that it included."""

    target: str
    rung: str
    at: datetime
    to: tuple[str, ...]
    channel: str
    covers: tuple[str, ...] = ()


async def list_escalations(session: AsyncSession, postmortem_id: str) -> list[Escalation]:
    """Of the postmortem itself, oldest first. The channel is the one that the notice went through."""
    rows = await _ESCALATIONS.rows(session, id=postmortem_id)
    found: dict[tuple[str, datetime, str, datetime, str], tuple[list[str], set[str]]] = {}
    for target, due_at, step, sent_at, channel, receiver_id, _, covered_by in rows:
        if covered_by is None:
            found.setdefault((target, due_at, step, sent_at, channel), ([], set()))[0].append(receiver_id)
    for target, due_at, _, sent_at, channel, _, rung, covered_by in rows:
        if covered_by is not None:
            found[target, due_at, covered_by, sent_at, channel][1].add(rung)
    return [
        Escalation(target, step.partition(":")[0], at, tuple(to), channel, tuple(sorted(covers)))
        for (target, _, step, at, channel), (to, covers) in found.items()
    ]


def _escalations() -> Prebuilt:
    receiver = func.coalesce(Notice.person_id, Notice.team_id)
    statement = select(
        SentReminder.target,
        SentReminder.due_at,
        SentReminder.step,
        SentReminder.sent_at,
        func.coalesce(Notice.channel, literal_column("'inbox'")),
        SentReminder.receiver_id,
        SentReminder.rung,
        SentReminder.covered_by,
    )
    statement = statement.outerjoin(
        Notice, (Notice.dedupe_key == SentReminder.occasion) & (receiver == SentReminder.receiver_id)
    )
    statement = statement.where(SentReminder.postmortem_id == text_of("id"), SentReminder.action_item_id.is_(None))
    return Prebuilt(statement.order_by(SentReminder.sent_at, SentReminder.receiver_id, SentReminder.step))


_ESCALATIONS = _escalations()

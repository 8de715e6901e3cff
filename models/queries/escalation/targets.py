"""Rows of timing targets: when each step of a postmortem is due, and when it was reached."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.escalation.targets import Target, TargetName
from models.postmortem import PostmortemTarget
from models.queries.prebuilt import Prebuilt, text_of
from models.queries.rows import columns_of, read_rows
from models.queries.together import ChangedRow

DueInstants = Mapping[TargetName, datetime]

_PENDING = (
    PostmortemTarget.met_at.is_(None),
    PostmortemTarget.waived_at.is_(None),
    PostmortemTarget.extended_to.is_(None),
)


def target_of(row: PostmortemTarget) -> Target:
    return Target(TargetName(row.name), row.due_at, row.extended_to, row.met_at, row.waived_at)


async def get_target(session: AsyncSession, postmortem_id: str, name: str | None) -> PostmortemTarget:
    """Raises NotFound."""
    row = await session.get(PostmortemTarget, (postmortem_id, name))
    if row is None:
        raise NotFound(kind="target", id=name)
    return row


async def list_targets(session: AsyncSession, postmortem_id: str) -> list[PostmortemTarget]:
    """One prebuilt statement."""
    return await read_rows(session, PostmortemTarget, _OF_POSTMORTEM, id=postmortem_id)


_OF_POSTMORTEM = Prebuilt(select(*columns_of(PostmortemTarget)).where(PostmortemTarget.postmortem_id == text_of("id")))


def target_rows(postmortem_id: str, due: DueInstants, met: Iterable[TargetName], now: datetime) -> list[dict[str, Any]]:
    """The targets of a new postmortem; those in ``met`` are reached now."""
    reached = frozenset(met)
    return [
        {
            "postmortem_id": postmortem_id,
            "name": name.value,
            "due_at": due_at,
            "met_at": now if name in reached else None,
            "slips": 0,
        }
        for name, due_at in due.items()
    ]


_MEET = Prebuilt(
    text(
        """
        update postmortem_target set met_at = :now
        where postmortem_id = :postmortem_id and name = any(:names) and met_at is null
        """
    )
)


async def meet_targets(session: AsyncSession, postmortem_id: str, names: Iterable[TargetName], now: datetime) -> None:
    """Marks targets as reached; those that were reached before keep their time."""
    await _MEET.write(session, postmortem_id=postmortem_id, names=[one.value for one in names], now=now)


def met_target(postmortem_id: str, name: TargetName, now: datetime) -> ChangedRow:
    """One that is reached now, to be written with other rows."""
    return ChangedRow(PostmortemTarget, {"postmortem_id": postmortem_id, "name": name.value}, {"met_at": now})


async def update_due(session: AsyncSession, due: Mapping[str, DueInstants], met: Mapping[str, DueInstants]) -> None:
    """For postmortems of one policy, by id. Only targets that are neither met, waived nor extended are changed; those
    that the policy does not have are removed. ``met`` is when a target was reached, for those that are new."""
    names = {name.value for instants in due.values() for name in instants}
    removed = delete(PostmortemTarget).where(PostmortemTarget.postmortem_id.in_(list(due)), *_PENDING)
    await session.execute(removed.where(PostmortemTarget.name.not_in(sorted(names))))
    rows = [
        {
            "postmortem_id": postmortem_id,
            "name": name.value,
            "due_at": at,
            "met_at": met.get(postmortem_id, {}).get(name),
            "slips": 0,
        }
        for postmortem_id, instants in due.items()
        for name, at in instants.items()
    ]
    if rows:
        statement = insert(PostmortemTarget).values(rows)
        changed = {"due_at": statement.excluded.due_at}
        key = ["postmortem_id", "name"]
        await session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed, where=and_(*_PENDING)))

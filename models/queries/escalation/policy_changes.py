"""Open postmortems under a policy, and their targets."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.postmortems.lifecycle import Status
from models.escalation import Policy
from models.postmortem import Postmortem, PostmortemTarget

OPEN = (Status.DRAFT.value, Status.IN_REVIEW.value)
MANY = 5000
"""A statement takes 32,767 parameters at most."""


async def list_open_under(session: AsyncSession, policy_id: str) -> list[Postmortem]:
    statement = select(Postmortem).where(*_under(policy_id)).order_by(Postmortem.number)
    return list((await session.execute(statement)).scalars())


async def lock_outdated(session: AsyncSession, latest: Policy, limit: int) -> list[Postmortem]:
    """Open postmortems that have an older version of the policy."""
    statement = (
        select(Postmortem)
        .where(*_outdated(latest))
        .order_by(Postmortem.id)
        .limit(limit)
        .with_for_update(key_share=True)
    )
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def count_outdated(session: AsyncSession, latest: Policy) -> int:
    return (await session.execute(select(func.count()).select_from(Postmortem).where(*_outdated(latest)))).scalar_one()


def _under(policy_id: str) -> tuple[Any, ...]:
    return Postmortem.policy_id == policy_id, Postmortem.status.in_(OPEN)


def _outdated(latest: Policy) -> tuple[Any, ...]:
    return (*_under(latest.id), Postmortem.policy_version != latest.version)


async def list_targets_of(
    session: AsyncSession, postmortem_ids: Sequence[str]
) -> dict[str, dict[str, PostmortemTarget]]:
    """By postmortem and name."""
    found: dict[str, dict[str, PostmortemTarget]] = {}
    for begin in range(0, len(postmortem_ids), MANY):
        part = postmortem_ids[begin : begin + MANY]
        statement = select(PostmortemTarget).where(PostmortemTarget.postmortem_id.in_(part))
        for row in (await session.execute(statement.execution_options(populate_existing=True))).scalars():
            found.setdefault(row.postmortem_id, {})[row.name] = row
    return found

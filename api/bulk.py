"""The same change of many action items: each is a change of its own, with its own transaction and command.

A repeat with the same ``Idempotency-Key`` goes on where the first request ended: each item's command has a key of its
own that is made of it, so that what was carried out is not carried out again.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api import commands
from api.errors import status_of
from api.request_context import RequestContext
from application.action_items.items import check_owner
from domain.errors import DomainError, IdempotencyKeyInUse, JustificationRequired, ReasonRequired, UnknownReference
from domain.errors.refusal import ConflictingState, Forbidden, Missing
from models.queries.rows import write_rows

AT_ONCE = 5
"""Of the ten commands of one person that are carried out at the same time."""


@dataclass(frozen=True, slots=True)
class Result:
    """``refusal`` is why this item was left as it was."""

    id: str
    refusal: DomainError | None

    @property
    def status(self) -> int:
        return 200 if self.refusal is None else status_of(self.refusal)


async def change_action_items(
    context: RequestContext, item_ids: Sequence[str], changes: Mapping[str, Any], reason: str | None
) -> list[Result]:
    """One result for each item, in this order. Refuses at once what no item could take.

    Where something that Afterword needs is away or busy, it stops and raises that: the same request goes on later.
    """
    await _check(context, changes, reason)
    wanted = list(dict.fromkeys(item_ids))
    return await context.outside(lambda: _change_all(context, wanted, changes, reason))


async def _check(context: RequestContext, changes: Mapping[str, Any], reason: str | None) -> None:
    """Raises ReasonRequired, JustificationRequired, UnknownReference or OwnerNotActive."""
    if changes.get("due_on") and not (reason or "").strip():
        raise ReasonRequired(field="reason")
    if changes.get("status") == "WONT_DO" and not (changes.get("justification") or "").strip():
        raise JustificationRequired(field="justification")
    if owner_id := changes.get("owner_id"):
        try:
            await check_owner(context.session, owner_id)
        except Missing:
            raise UnknownReference(field="ownerId", kind="person", id=owner_id) from None


async def _change_all(
    context: RequestContext, item_ids: Sequence[str], changes: Mapping[str, Any], reason: str | None
) -> list[Result]:
    """What stops one stops all, after the items that they are at: a command that isn't awaited keeps its key."""
    results: dict[str, Result] = {}
    waiting = deque(item_ids)

    async def work() -> None:
        try:
            while waiting:
                item_id = waiting.popleft()
                results[item_id] = await _change(context, item_id, changes, reason)
        except BaseException:
            waiting.clear()
            raise

    ended = await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(item_ids)))), return_exceptions=True)
    for one in ended:
        if one is not None:
            raise one
    return [results[one] for one in item_ids]


async def _change(context: RequestContext, item_id: str, changes: Mapping[str, Any], reason: str | None) -> Result:
    async with context.parts.sessions() as session:
        own = replace(
            context,
            session=session,
            key=f"{context.key}:{item_id}" if context.key else None,
            after_commit=[],
            is_claimed=False,
            holds_claim=False,
            version_after=None,
        )
        try:
            await commands.change_action_item(own, item_id, changes, reason, None)
        except (ConflictingState, Forbidden, Missing) as refusal:
            if isinstance(refusal, IdempotencyKeyInUse):
                raise
            return Result(item_id, refusal)
        await write_rows(session)
        await session.commit()
    for work in own.after_commit:
        await work()
    return Result(item_id, None)

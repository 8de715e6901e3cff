"""The same change of many things: each is a change of its own, with its own transaction and command.

A repeat with the same ``Idempotency-Key`` goes on where the first request ended: each item's command has a key of its
own that is made of it, so that what was carried out is not carried out again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from api import commands
from api.errors import status_of
from api.request_context import RequestContext
from application.action_items.items import check_owner
from domain.errors import (
    DomainError,
    IdempotencyKeyInUse,
    JustificationRequired,
    Malformed,
    ReasonRequired,
    UnknownReference,
)
from domain.errors.refusal import ConflictingState, Forbidden, Missing
from models.queries.rows import write_rows

AT_ONCE = 5
"""Of the ten commands of one person that are carried out at the same time."""

Change: TypeAlias = Callable[[RequestContext, str], Awaitable[None]]
"""Changes the one with this id, in a context of its own."""


@dataclass(frozen=True, slots=True)
class Result:
    """``refusal`` is why this one was left as it was."""

    id: str
    refusal: DomainError | None

    @property
    def status(self) -> int:
        return 200 if self.refusal is None else status_of(self.refusal)


async def change_action_items(
    context: RequestContext, item_ids: Sequence[str], changes: Mapping[str, Any], reason: str | None
) -> list[Result]:
    """As :func:`change_each`. Refuses at once what no item could take."""
    await _check(context, changes, reason)
    return await change_each(context, item_ids, partial(_change_item, changes=changes, reason=reason))


async def _change_item(
    context: RequestContext, item_id: str, *, changes: Mapping[str, Any], reason: str | None
) -> None:
    await commands.change_action_item(context, item_id, changes, reason, None)


async def change_each(context: RequestContext, ids: Sequence[str], change: Change) -> list[Result]:
    """One result for each id, in this order.

    Where something that Afterword needs is away or busy, it stops and raises that: the same request goes on later.
    """
    wanted = list(dict.fromkeys(ids))
    return await context.outside(lambda: _change_all(context, wanted, change))


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


async def _change_all(context: RequestContext, ids: Sequence[str], change: Change) -> list[Result]:
    """What stops one stops all, after those that they are at: a command that isn't awaited keeps its key."""
    results: dict[str, Result] = {}
    waiting = deque(ids)

    async def work() -> None:
        try:
            while waiting:
                one = waiting.popleft()
                results[one] = await _change(context, one, change)
        except BaseException:
            waiting.clear()
            raise

    ended = await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(ids)))), return_exceptions=True)
    for failure in ended:
        if failure is not None:
            raise failure
    return [results[one] for one in ids]


async def _change(context: RequestContext, id_: str, change: Change) -> Result:
    async with context.parts.sessions() as session:
        own = replace(
            context,
            session=session,
            key=f"{context.key}:{id_}" if context.key else None,
            after_commit=[],
            is_claimed=False,
            holds_claim=False,
            version_after=None,
        )
        try:
            await change(own, id_)
        except (ConflictingState, Forbidden, Malformed, Missing) as refusal:
            if isinstance(refusal, IdempotencyKeyInUse):
                raise
            return Result(id_, refusal)
        await write_rows(session)
        await session.commit()
    for work in own.after_commit:
        await work()
    return Result(id_, None)

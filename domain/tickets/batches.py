"""Tickets for many action items at once are created a few at a time: which items go next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

PENDING_LIMIT = 5
"""How many tickets of one batch wait for their tracker at the same time. Another person's ticket waits for these."""


@dataclass(frozen=True, slots=True)
class BatchLook:
    """The progress of a batch, as its workflow keeps it: the items to ``tell`` now, how many were told with these, and
    how many tickets are ``pending``."""

    tell: tuple[str, ...] = ()
    released: int = 0
    pending: int = 0
    is_over: bool = False


def next_items(item_ids: Sequence[str], pending: Collection[str], released: int) -> BatchLook:
    """Which items' workflows to signal now, so that at most ``PENDING_LIMIT`` tickets wait.

    The first ``released`` of ``item_ids`` have been signaled, or did not have to be. ``pending`` are the items whose
    ticket does not exist yet.
    """
    waiting = sum(one in pending for one in item_ids[:released])
    tell: list[str] = []
    for one in item_ids[released:]:
        if one in pending:
            if waiting + len(tell) >= PENDING_LIMIT:
                break
            tell.append(one)
        released += 1
    return BatchLook(tuple(tell), released, len(pending), not pending)

"""The progress of a batch of tickets, as its workflow keeps it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchLook:
    """How far a batch of tickets is: the items to ``tell`` now, how many were told with these, and how many tickets
    ``pending`` are."""

    tell: tuple[str, ...] = ()
    released: int = 0
    pending: int = 0
    is_over: bool = False

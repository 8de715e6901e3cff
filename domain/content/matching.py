"""What two lists of lines or words have in common, in bounded time whatever they hold.

It matches the lines that occur once in each first, in the longest order that both share: people read such a comparison
as the change that was meant. Between those it takes the shortest edit script. Two texts made to be slow get a coarser
answer, not a slow one: when the steps are used up, the rest counts as replaced.

Source: Eugene Myers, "An O(ND) Difference Algorithm and Its Variations" (1986); Bram Cohen's patience diff.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

STEPS = 1_000_000
"""Comparisons for one pair of texts: about half a second at the worst."""
DEPTH = 12


@dataclass(frozen=True, slots=True)
class Block:
    """``size`` equal entries: from ``before`` in the one list, from ``after`` in the other."""

    before: int
    after: int
    size: int


@dataclass(slots=True)
class StepBudget:
    """How many steps are left; several comparisons can share one budget."""

    steps: int = field(default=STEPS)

    def spend(self, steps: int) -> bool:
        """False if there are not enough."""
        self.steps -= steps
        return self.steps >= 0


def matching_blocks(before: Sequence[str], after: Sequence[str], budget: StepBudget | None = None) -> list[Block]:
    """Blocks in order that neither overlap nor cross; none is empty."""
    numbers: dict[str, int] = {}
    old, new = ([numbers.setdefault(one, len(numbers)) for one in entries] for entries in (before, after))
    joined: list[Block] = []
    for one in _match(_Range(old, 0, len(old)), _Range(new, 0, len(new)), 0, budget or StepBudget()):
        last = joined[-1] if joined else None
        if last and last.before + last.size == one.before and last.after + last.size == one.after:
            joined[-1] = Block(last.before, last.after, last.size + one.size)
        else:
            joined.append(one)
    return joined


@dataclass(frozen=True, slots=True)
class _Range:
    entries: list[int]
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def between(self, start: int, end: int) -> "_Range":
        return _Range(self.entries, start, end)

    def places(self) -> dict[int, int]:
        """The positions of the entries that occur once in this range."""
        here = self.entries[self.start : self.end]
        counts = Counter(here)
        return {one: place for place, one in enumerate(here, self.start) if counts[one] == 1}


def _match(old: _Range, new: _Range, depth: int, budget: StepBudget) -> Iterator[Block]:
    head, tail = _equal_ends(old, new)
    if head:
        yield Block(old.start, new.start, head)
    old_end, new_end = old.end - tail, new.end - tail
    old, new = old.between(old.start + head, old_end), new.between(new.start + head, new_end)
    if len(old) and len(new) and budget.spend(len(old) + len(new)):
        anchors = _anchors(old, new) if depth < DEPTH else []
        if anchors:
            for before, after in [*anchors, (old.end, new.end)]:
                yield from _match(old.between(old.start, before), new.between(new.start, after), depth + 1, budget)
                if before < old.end:
                    yield Block(before, after, 1)
                old, new = old.between(min(before + 1, old.end), old.end), new.between(min(after + 1, new.end), new.end)
        else:
            yield from _shortest_way(old, new, budget)
    if tail:
        yield Block(old_end, new_end, tail)


def _equal_ends(old: _Range, new: _Range) -> tuple[int, int]:
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old.entries[old.start + head] == new.entries[new.start + head]:
        head += 1
    tail = 0
    while tail < shorter - head and old.entries[old.end - 1 - tail] == new.entries[new.end - 1 - tail]:
        tail += 1
    return head, tail


def _anchors(old: _Range, new: _Range) -> list[tuple[int, int]]:
    """The longest run of entries that stand once on each side, in the order of both."""
    there = new.places()
    pairs = [(place, there[one]) for one, place in old.places().items() if one in there]
    ends: list[int] = []
    at_end: list[int] = []
    previous: list[int] = []
    for number, (_, after) in enumerate(pairs):
        pile = bisect_left(ends, after)
        previous.append(at_end[pile - 1] if pile else -1)
        if pile == len(ends):
            ends.append(after)
            at_end.append(number)
        else:
            ends[pile], at_end[pile] = after, number
    run: list[tuple[int, int]] = []
    number = at_end[-1] if at_end else -1
    while number >= 0:
        run.append(pairs[number])
        number = previous[number]
    return run[::-1]


def _shortest_way(old: _Range, new: _Range, budget: StepBudget) -> list[Block]:
    """Nothing where the budget does not suffice."""
    a, b = old.entries[old.start : old.end], new.entries[new.start : new.end]
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(len(a) + len(b) + 1):
        trail.append(reach.copy())
        for diagonal in range(-edits, edits + 1, 2):
            x = begun = _begin(reach, diagonal, edits)
            y = x - diagonal
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            reach[diagonal] = x
            if x >= len(a) and y >= len(b):
                return _walk_back(trail, x, y, old.start, new.start)
            if not budget.spend(1 + x - begun):
                return []
    raise AssertionError("replacing everything is a way")


def _begin(reach: dict[int, int], diagonal: int, edits: int) -> int:
    if diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]):
        return reach[diagonal + 1]
    return reach[diagonal - 1] + 1


def _walk_back(trail: list[dict[int, int]], x: int, y: int, old_start: int, new_start: int) -> list[Block]:
    blocks: list[Block] = []
    for edits in range(len(trail) - 1, -1, -1):
        diagonal = x - y
        begun = _begin(trail[edits], diagonal, edits)
        if x > begun:
            blocks.append(Block(old_start + begun, new_start + begun - diagonal, x - begun))
        went_down = diagonal == -edits or (
            diagonal != edits and trail[edits][diagonal - 1] < trail[edits][diagonal + 1]
        )
        x = begun if went_down else begun - 1
        y = x - (diagonal + 1 if went_down else diagonal - 1)
    return blocks[::-1]

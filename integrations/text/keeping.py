"""Rewriting a vendor's rich text so that what our text has no word for stays as it is, at its place.

A vendor's text is taken as a sequence of old parts, each with the block that our tree sees in it, or none. The new text
is a sequence of blocks. :func:`align` finds which old part each block continues: what is the same is left alone, what
was edited is patched, and a part that holds something foreign never goes. Where that cannot be, :class:`CannotKeep` is
raised and nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from integrations.text.blocks import Block, Code, Heading, Item, Listing, Paragraph, Quote, Run, Runs, Table

S = TypeVar("S")
N = TypeVar("N")

LARGEST = 10_000
"""Pairs of old and new parts that are weighed against each other; larger texts are divided where both agree."""
LONGEST = 4_000_000
"""Product of two lines' lengths up to which their letters are compared."""
PATCHES = 2_000
"""How many pairs are tried in one alignment."""
INFINITE = float("inf")
_Pair = tuple[int, int]
END, BOTH, GONE, ADDED = (0, 0), (1, 1), (1, 0), (0, 1)
"""Steps through the old and the new parts: how far each side goes on."""
REPLACED = 1.9
"""What it costs to write something else at the place of a part: a little less than taking away and adding."""
ALIKE = 0.3
"""The share of words in common from which a block is taken for an edited one."""


class CannotKeep(Exception):
    """Something that our text has no word for would be lost."""


@dataclass(frozen=True, slots=True)
class Old(Generic[S]):
    """A part of the vendor's text. ``view`` is what our tree sees, None for nothing; only parts of one ``kind`` can be
    edited forms of each other; ``words`` are its letters; ``foreign``: it holds what our tree cannot say."""

    source: S
    view: Hashable
    kind: str = ""
    words: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class New(Generic[N]):
    source: N
    view: Hashable
    kind: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Step(Generic[S, N]):
    """``old`` alone: it stays, ``new`` alone: it is new. Both: ``result`` is what the old part became."""

    old: Old[S] | None
    new: New[N] | None
    result: S | None = None


Patch = Callable[[Old[S], New[N]], S]
"""The old part with the new words; raises :class:`CannotKeep`."""


def align(old: Sequence[Old[S]], new: Sequence[New[N]], patch: Patch[S, N]) -> list[Step[S, N]]:
    """What becomes of each part, in order. Raises :class:`CannotKeep`."""
    return list(_Alignment(patch).steps(old, new))


class _Alignment(Generic[S, N]):
    def __init__(self, patch: Patch[S, N]) -> None:
        self._patch = patch
        self._left = PATCHES

    def steps(self, old: Sequence[Old[S]], new: Sequence[New[N]]) -> Iterator[Step[S, N]]:
        start = 0
        while start < min(len(old), len(new)) and old[start].view == new[start].view:
            yield Step(old[start], new[start], old[start].source)
            start += 1
        old, new = old[start:], new[start:]
        end = 0
        while end < min(len(old), len(new)) and old[-1 - end].view == new[-1 - end].view:
            end += 1
        yield from self._between(old[: len(old) - end], new[: len(new) - end])
        for place in range(end, 0, -1):
            yield Step(old[-place], new[-place], old[-place].source)

    def _between(self, old: Sequence[Old[S]], new: Sequence[New[N]]) -> Iterator[Step[S, N]]:
        if len(old) * len(new) <= LARGEST:
            yield from self._weighed(old, new)
            return
        numbers: dict[Hashable, int] = {}
        before = [numbers.setdefault(one.view, len(numbers)) for one in old]
        after = [numbers.setdefault(one.view, len(numbers)) for one in new]
        at, to = 0, 0
        for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            yield from self._weighed(old[at : block.a], new[to : block.b])
            for one, other in zip(old[block.a : block.a + block.size], new[block.b :], strict=False):
                yield Step(one, other, one.source)
            at, to = block.a + block.size, block.b + block.size

    def _weighed(self, old: Sequence[Old[S]], new: Sequence[New[N]]) -> Iterator[Step[S, N]]:
        """The cheapest way: the same costs nothing, an edit less than taking away and adding, what is foreign never
        goes."""
        small = len(old) * len(new) <= LARGEST
        best = {(len(old), len(new)): (0.0, END)}
        bags = [[Counter(one.words.split()) for one in side] for side in (old, new)]
        patches: dict[_Pair, S | None] = {}
        for a in range(len(old), -1, -1):
            for b in range(len(new), -1, -1):
                ways = [(cost + best[a + x, b + y][0], (x, y)) for cost, (x, y) in self._alone(old, new, a, b)]
                if a < len(old) and b < len(new):
                    cost = self._cost(old[a], new[b], bags[0][a], bags[1][b], small=small)
                    result = self._patched(old[a], new[b]) if cost else old[a].source
                    if cost is None or result is None:
                        cost, result = REPLACED, None
                    if result is not None or not (old[a].foreign or old[a].view is None):
                        patches[a, b] = result
                        ways.append((cost + best[a + 1, b + 1][0], BOTH))
                if (a, b) not in best:
                    best[a, b] = min(ways, key=lambda one: one[0], default=(INFINITE, END))
        if best[0, 0][0] == INFINITE:
            raise CannotKeep
        a = b = 0
        while (step := best[a, b][1]) != END:
            if step == BOTH and patches[a, b] is not None:
                yield Step(old[a], new[b], patches[a, b])
            elif step in {BOTH, ADDED}:
                yield Step(None, new[b])
            elif old[a].view is None:
                yield Step(old[a], None)
            a, b = a + step[0], b + step[1]

    def _alone(self, old: Sequence[Old[S]], new: Sequence[New[N]], a: int, b: int) -> Iterator[tuple[float, _Pair]]:
        """Steps that take one side on: a part that goes, or of which nothing is seen and which stays, and a new one."""
        if a < len(old) and (old[a].view is None or not old[a].foreign):
            yield (0.0 if old[a].view is None else 1.0), GONE
        if b < len(new):
            yield 1.0, ADDED

    def _cost(
        self, old: Old[S], new: New[N], before: Counter[str], after: Counter[str], *, small: bool
    ) -> float | None:
        """None where the one is no edited form of the other."""
        if old.view is None:
            return None
        if old.view == new.view:
            return 0.0
        if old.kind != new.kind or not (small or old.foreign):
            return None
        shared = 2 * (before & after).total() / max(before.total() + after.total(), 1)
        if shared < ALIKE and not old.foreign:
            return None
        return 2.0 - 1.5 * shared

    def _patched(self, old: Old[S], new: New[N]) -> S | None:
        self._left -= 1
        if self._left < 0:
            return None
        try:
            return self._patch(old, new)
        except CannotKeep:
            return None


@dataclass(frozen=True, slots=True)
class StandIn(Generic[S]):
    """What stands at the offset ``at`` of a line, and is seen there as ``runs``, perhaps none. ``foreign``: it may not
    go; else it stays only where its words stay and look the same."""

    at: int
    runs: Runs
    source: S
    foreign: bool

    @property
    def text(self) -> str:
        return text_of(self.runs)


def text_of(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs)


def words_of(block: Block | Item) -> str:
    """All words in it, by which an old and a new block are recognized as the same one."""
    match block:
        case Paragraph(runs) | Heading(_, runs):
            return text_of(runs)
        case Code(text):
            return text
        case Quote(blocks) | Item(blocks):
            return " ".join(map(words_of, blocks))
        case Listing(items):
            return " ".join(map(words_of, items))
        case Table(rows):
            return " ".join(text_of(cell) for row in rows for cell in row)
        case _:
            return ""


def placed(line: str, stand_ins: Sequence[StandIn[S]], runs: Runs) -> list[tuple[Runs, S | None]]:
    """The new line ``runs`` in parts, each with what stood there in the old ``line`` and stays, if anything. Raises
    :class:`CannotKeep`."""
    text = text_of(runs)
    if any(one.foreign and one.text not in text for one in stand_ins):
        raise CannotKeep
    moved = _offsets(line, text)
    parts: list[tuple[Runs, S | None]] = []
    last = 0
    for one in stand_ins:
        place = _place(one, moved(one.at), text, last)
        end = None if place is None else place + len(one.text)
        if place is None or end is None or not (one.foreign or _looks(runs, place, end) == _looks(one.runs)):
            if one.foreign:
                raise CannotKeep
            continue
        parts += [(cut_runs(runs, last, place), None), (cut_runs(runs, place, end), one.source)]
        last = end
    return [*parts, (cut_runs(runs, last, len(text)), None)]


def _place(one: StandIn[S], near: int, text: str, last: int) -> int | None:
    if not one.text:
        return max(near, last)
    if near >= last and text.startswith(one.text, near):
        return near
    after, before = text.find(one.text, max(near, last)), text.rfind(one.text, last, max(near, last) + len(one.text))
    found = [place for place in (after, before) if place >= last]
    return min(found, key=lambda place: abs(place - near), default=None)


def _offsets(line: str, text: str) -> Callable[[int], int]:
    """Where an offset of the old line is in the new one."""
    if len(line) * len(text) > LONGEST:
        return lambda at: min(at, len(text))
    blocks = SequenceMatcher(None, line, text, autojunk=False).get_matching_blocks()

    def moved(at: int) -> int:
        for block in blocks:
            if at < block.a:
                return block.b
            if at < block.a + block.size or (block.size and at == block.a + block.size):
                return block.b + at - block.a
        return len(text)

    return moved


def _looks(runs: Runs, start: int = 0, end: int | None = None) -> list[tuple[object, object]]:
    cut = cut_runs(runs, start, len(text_of(runs)) if end is None else end)
    looks = [(run.marks, run.href) for run in cut]
    return [one for place, one in enumerate(looks) if not place or looks[place - 1] != one]


def cut_runs(runs: Runs, start: int, end: int) -> Runs:
    """The part of a line between two offsets."""
    cut: list[Run] = []
    at = 0
    for run in runs:
        first, last = max(start - at, 0), min(end - at, len(run.text))
        if first < last:
            cut.append(Run(run.text[first:last], run.marks, run.href))
        at += len(run.text)
    return tuple(cut)

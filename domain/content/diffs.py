"""What changed between two texts, as people read it: places with their neighbouring lines, and words within lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from domain.content.matching import Block, StepBudget, matching_blocks

CONTEXT = 3
"""Equal lines around a change."""
SHOWN = 2_000
"""Lines of a difference on a page."""
ALIKE = 0.4
"""The share of a line that must stay for the rest to be marked; a line with less is another line."""


class Op(StrEnum):
    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"


class Part(NamedTuple):
    """A piece of a line that was changed; all of them together are the line. There may be 100,000 of them."""

    text: str
    changed: bool


class Line(NamedTuple):
    """``parts`` only where the line became another one that is like it."""

    op: Op
    text: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place of change. The lines are counted from 1: its first one in the older and in the newer text."""

    from_line: int
    to_line: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """``hidden`` is how many lines a page leaves out."""

    added: int
    removed: int
    hunks: tuple[Hunk, ...]
    hidden: int = 0


def compare(older: str, newer: str) -> Difference:
    """In bounded time: texts too different for it are shown as replaced. Lines end at ``\\n`` alone."""
    budget = StepBudget()
    before, after = lines_of(older), lines_of(newer)
    blocks = matching_blocks(before, after, budget)
    kept = sum(one.size for one in blocks)
    hunks = tuple(_hunks(before, after, blocks, budget))
    return Difference(added=len(after) - kept, removed=len(before) - kept, hunks=hunks)


def compare_for_page(older: str, newer: str) -> Difference:
    """As :func:`compare`, with as many lines as somebody might read: 100,000 of them are 21 MB of HTML, and hold up
    everybody else while they are passed from the process that compares."""
    found = compare(older, newer)
    left, hunks = SHOWN, list[Hunk]()
    for one in found.hunks:
        if left <= 0:
            break
        hunks.append(replace(one, lines=one.lines[:left]))
        left -= len(one.lines)
    hidden = sum(len(one.lines) for one in found.hunks) - sum(len(one.lines) for one in hunks)
    return replace(found, hunks=tuple(hunks), hidden=hidden)


def lines_of(text: str) -> list[str]:
    """An empty text has none."""
    return text.split("\n") if text else []


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines ``before:before_end`` became lines ``after:after_end``."""

    before: int
    before_end: int
    after: int
    after_end: int


def _changes(before: int, after: int, blocks: Sequence[Block]) -> Iterator[_Change]:
    x = y = 0
    for one in [*blocks, Block(before, after, 0)]:
        if x < one.before or y < one.after:
            yield _Change(x, one.before, y, one.after)
        x, y = one.before + one.size, one.after + one.size


def _hunks(before: list[str], after: list[str], blocks: Sequence[Block], budget: StepBudget) -> Iterator[Hunk]:
    near: list[_Change] = []
    for change in _changes(len(before), len(after), blocks):
        if near and change.before - near[-1].before_end > 2 * CONTEXT:
            yield _hunk(before, after, near, budget)
            near = []
        near.append(change)
    if near:
        yield _hunk(before, after, near, budget)


def _hunk(before: list[str], after: list[str], changes: Sequence[_Change], budget: StepBudget) -> Hunk:
    first, last = changes[0], changes[-1]
    lead = min(CONTEXT, first.before)
    lines: list[Line] = []
    done = first.before - lead
    for one in changes:
        lines += [Line(Op.EQUAL, text) for text in before[done : one.before]]
        lines += _replaced(before[one.before : one.before_end], after[one.after : one.after_end], budget)
        done = one.before_end
    lines += [Line(Op.EQUAL, text) for text in before[done : last.before_end + CONTEXT]]
    return Hunk(first.before - lead + 1, first.after - lead + 1, tuple(lines))


def _replaced(old: Sequence[str], new: Sequence[str], budget: StepBudget) -> list[Line]:
    """The lines that went, then those that came; the first is compared with the first, and so on."""
    marks = [_marked(one, other, budget) for one, other in zip(old, new, strict=False)]
    nothing: list[tuple[Part, ...]] = [()]
    gone = [one for one, _ in marks] + nothing * (len(old) - len(marks))
    come = [other for _, other in marks] + nothing * (len(new) - len(marks))
    return [
        *(Line(Op.DELETE, text, parts) for text, parts in zip(old, gone, strict=True)),
        *(Line(Op.INSERT, text, parts) for text, parts in zip(new, come, strict=True)),
    ]


_WORD = re.compile(r"\w+|\s+|[^\w\s]")


def _marked(old: str, new: str, budget: StepBudget) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both lines in parts; none where they are not alike."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    blocks = matching_blocks(before, after, budget)
    kept = sum(len(text) for one in blocks for text in before[one.before : one.before + one.size] if text.strip())
    if kept < ALIKE * max(len(old), len(new)):
        return (), ()
    return (
        tuple(_parts(before, [(one.before, one.size) for one in blocks])),
        tuple(_parts(after, [(one.after, one.size) for one in blocks])),
    )


def _parts(words: Sequence[str], kept: Sequence[tuple[int, int]]) -> Iterator[Part]:
    done = 0
    for start, size in [*kept, (len(words), 0)]:
        if start > done:
            yield Part("".join(words[done:start]), changed=True)
        if size:
            yield Part("".join(words[start : start + size]), changed=False)
        done = start + size

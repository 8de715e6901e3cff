"""What changed between two texts, for people to read: hunks of lines, and the words that changed inside a line."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LINES = 2_000
WORDS = 200
CONTEXT = 3
Kind = Literal["equal", "insert", "delete"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, and whether they are the ones that changed."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    kind: Kind
    text: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines around a change. ``from_line`` and ``to_line`` count from 1."""

    from_line: int
    to_line: int
    lines: tuple[Line, ...]


def compare(before: str, after: str) -> tuple[Hunk, ...]:
    """Texts of more than ``LINES`` lines are shown as wholly replaced between the lines that agree at both ends."""
    if before == after:
        return ()
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    return tuple(_hunk(old, new, group) for group in _groups(old, new))


Op = tuple[str, int, int, int, int]


def _groups(old: Sequence[str], new: Sequence[str]) -> list[list[Op]]:
    matcher = difflib.SequenceMatcher(None, old, new)
    if max(len(old), len(new)) <= LINES:
        return [list(group) for group in matcher.get_grouped_opcodes(CONTEXT)]
    head = _agreeing(old, new)
    tail = _agreeing(old[head:][::-1], new[head:][::-1])
    start, old_end, new_end = max(head - CONTEXT, 0), len(old) - tail, len(new) - tail
    shown = min(tail, CONTEXT)
    return [
        [
            ("equal", start, head, start, head),
            ("replace", head, old_end, head, new_end),
            ("equal", old_end, old_end + shown, new_end, new_end + shown),
        ]
    ]


def _agreeing(old: Sequence[str], new: Sequence[str]) -> int:
    for place, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return place
    return min(len(old), len(new))


def _hunk(old: Sequence[str], new: Sequence[str], group: Sequence[Op]) -> Hunk:
    lines: list[Line] = []
    for kind, old_start, old_end, new_start, new_end in group:
        if kind == "equal":
            lines += [Line("equal", text) for text in old[old_start:old_end]]
            continue
        gone, came = old[old_start:old_end], new[new_start:new_end]
        if len(gone) == len(came) and len(gone) <= WORDS:
            pairs = [_words(one, other) for one, other in zip(gone, came, strict=True)]
        else:
            pairs = []
        none: tuple[Piece, ...] = ()
        lines += [Line("delete", text, pairs[n][0] if pairs else none) for n, text in enumerate(gone)]
        lines += [Line("insert", text, pairs[n][1] if pairs else none) for n, text in enumerate(came)]
    return Hunk(group[0][1] + 1, group[0][3] + 1, tuple(lines))


def _words(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", text) for text in (before, after))
    if max(len(old), len(new)) > WORDS:
        return (), ()
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        changed = kind != "equal"
        if old_end > old_start:
            left.append(Piece("".join(old[old_start:old_end]), changed))
        if new_end > new_start:
            right.append(Piece("".join(new[new_start:new_end]), changed))
    return tuple(left), tuple(right)

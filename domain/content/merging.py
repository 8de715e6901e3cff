"""Merges two people's changes of one text, unless both changed the same lines."""

from collections.abc import Callable, Sequence
from typing import Any

from merge3 import Merge3

from domain.content.matching import matching_blocks


def merge(base: str, yours: str, current: str, *, limit: int) -> str | None:
    """``current`` with what ``yours`` changed in ``base``. None where both changed the same lines or neighbouring ones,
    or where the result is longer than ``limit`` characters.

    Lines end at ``\\n`` alone, so that every other character stays as it was.
    """
    merged: list[str] = []
    sides = Merge3(base.split("\n"), yours.split("\n"), current.split("\n"), sequence_matcher=_Matcher)
    for kind, *groups in sides.merge_groups():
        if kind == "conflict":
            return None
        merged += groups[0]
    text = "\n".join(merged)
    return text if len(text) <= limit else None


class _Matcher:
    """What ``merge3`` asks of ``difflib``, in bounded time."""

    def __init__(
        self,
        isjunk: Callable[[Any], bool] | None = None,  # noqa: ARG002 - the library passes it
        a: Sequence[str] = (),
        b: Sequence[str] = (),
        autojunk: bool = True,  # noqa: ARG002 - the library passes it
    ) -> None:
        self._a, self._b = a, b

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:
        blocks = [(one.before, one.after, one.size) for one in matching_blocks(self._a, self._b)]
        return [*blocks, (len(self._a), len(self._b), 0)]

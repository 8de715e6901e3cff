"""Two people changed the same text: line by line, what can be kept of both without asking anybody."""

from merge3 import Merge3

LINES = 2_000
"""Longer texts are merged only where one side did not change: the comparison grows with the square of the lines."""


def merge(base: str, yours: str, current: str) -> str | None:
    """The text with both changes, or None where both changed the same lines, or lines that touch each other.

    Where the three end their lines differently, the result ends them as ``current`` does.
    """
    if yours in (base, current):
        return current
    if current == base:
        return yours
    lines = [_ended_like(current, text).split("\n") for text in (base, yours)]
    earlier, mine, standing = lines[0], lines[1], current.split("\n")
    if max(len(earlier), len(mine), len(standing)) > LINES:
        return None
    merged: list[str] = []
    for group in Merge3(earlier, mine, standing).merge_groups():
        if group[0] == "conflict":
            return None
        merged += group[1]
    return "\n".join(merged)


def _ended_like(model: str, text: str) -> str:
    plain = text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if "\r\n" in model else plain

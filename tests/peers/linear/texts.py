"""Texts as Linear's editor writes them."""

import re


def serialized(markdown: str) -> str:
    """A text as Linear's editor writes it."""
    return _bullets(markdown.strip("\n").rstrip(), "-", "*")


def plain(markdown: str) -> str:
    """A text as a reader would write it, without what keeps it from mentioning people."""
    text = re.sub(r"`(https://linear\.app/[\w.-]+/profiles/[\w.@-]+)`", r"\1", markdown.replace("@\u2060", "@"))
    return _bullets(text, "*", "-")


def _bullets(markdown: str, old: str, new: str) -> str:
    lines, fenced = [], False
    for line in markdown.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        lines.append(line if fenced else re.sub(rf"^(\s*){re.escape(old)} ", rf"\1{new} ", line))
    return "\n".join(lines)

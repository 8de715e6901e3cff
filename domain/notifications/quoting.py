"""Quotes of what people wrote, short enough for a message."""

import re

LIMIT = 280
"""Characters of a quote."""
_READ = 4000
"""Characters that are looked at."""
_END = re.compile("[.!?\u2026\u3002\uff01\uff1f](?=[\\s\"'\u201d\u2019)]|$)[\"'\u201d\u2019)]*")
_MARKS = re.compile(r"^(?:#{1,6}\s+|>\s?|[-*+]\s+|\d+[.)]\s+)", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\s]{0,2000}\)")
_EMPHASIS = re.compile(r"(\*\*|__|~~|`)")


def excerpt(markdown: str, limit: int = LIMIT) -> str:
    """One line: whole sentences as far as they fit, or else whole words and an ellipsis. Most of Markdown's own marks
    are left out."""
    plain = _EMPHASIS.sub("", _LINK.sub(r"\1", _MARKS.sub("", markdown[:_READ])))
    line = " ".join(plain.split())
    if len(line) <= limit:
        return line
    ends = [one.end() for one in _END.finditer(line[: limit + 1]) if one.end() <= limit]
    if ends and ends[-1] >= limit // 3:
        return f"{line[: ends[-1]]} …"
    words = line[: limit - 1].rsplit(" ", 1)[0] if " " in line[: limit - 1] else line[: limit - 1]
    return f"{words.rstrip(' ,;:')}…"

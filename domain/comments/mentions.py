"""Who is spoken to in a Markdown text: ``@handle``, as people write it.

Not in code, not in an e-mail or web address, not where the ``@`` is escaped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.markdown import Token, parser

HANDLE_LIMIT = 40
MENTIONS_LIMIT = 50
"""So many people are told of one comment."""

_MENTION = re.compile(r"(?<![\w.+@/=-])@([A-Za-z0-9][A-Za-z0-9._-]*+)(?![\w@])")
_PARSER = parser("table", "strikethrough", "text_join", html=True)
"""``text_join`` would merge an escaped ``@`` into the text beside it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """``handle`` in lower case; ``spellings`` are what may be meant, longest first: a full stop may end a sentence."""

    handle: str
    spellings: tuple[str, ...]


class WhyNot(StrEnum):
    """Why somebody mentioned was not told."""

    UNKNOWN = "UNKNOWN"
    INACTIVE = "INACTIVE"
    MAY_NOT_SEE = "MAY_NOT_SEE"
    TOO_MANY = "TOO_MANY"


def mentions(markdown: str) -> tuple[Mention, ...]:
    """In the order in which they are written, each once."""
    found = {
        one.handle: one
        for text in _texts(_PARSER.parse(markdown))
        for match in _MENTION.finditer(text)
        if "://" not in text[: match.start()].rpartition(" ")[2]
        if (one := _mention(match[1].lower()))
    }
    return tuple(found.values())


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    """Runs of plain text; what stands in code, in HTML and in the address of a link is none."""
    for token in tokens:
        if token.type == "text":
            yield token.content
        yield from _texts(token.children or ())


def _mention(written: str) -> Mention | None:
    handle = written.rstrip("._-")
    longest = min(len(written), HANDLE_LIMIT)
    spellings = tuple(written[:end] for end in range(longest, len(handle) - 1, -1))
    return Mention(handle, spellings) if spellings else None

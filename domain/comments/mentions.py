"""Finds the people that a Markdown text mentions as ``@handle``, and decides which of them are notified.

Code, e-mail and web addresses, and an escaped ``@`` mention nobody.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.markdown import Token, parser

HANDLE_LIMIT = 40
MENTIONS_LIMIT = 50
"""How many people are notified of one comment."""

_MENTION = re.compile(r"(?<![\w.+@/=-])@([A-Za-z0-9][A-Za-z0-9._-]*+)(?![\w@])")
_PARSER = parser("table", "strikethrough", "text_join", html=True)
"""``text_join`` would merge an escaped ``@`` into the text beside it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """``handle`` is in lower case. ``spellings`` may be meant, longest first: a full stop may end a sentence."""

    handle: str
    spellings: tuple[str, ...]


class WhyNot(StrEnum):
    """Why a person who was mentioned is not notified."""

    UNKNOWN = "UNKNOWN"
    INACTIVE = "INACTIVE"
    MAY_NOT_SEE = "MAY_NOT_SEE"
    TOO_MANY = "TOO_MANY"


@dataclass(frozen=True, slots=True)
class MentionedPerson:
    """``may_see``: whether they may see the postmortem."""

    id: str
    is_active: bool
    may_see: bool


@dataclass(frozen=True, slots=True)
class Unnotified:
    handle: str
    why: WhyNot


@dataclass(frozen=True, slots=True)
class Recipients:
    """Those who are notified, and those who are mentioned and are not."""

    person_ids: tuple[str, ...]
    unnotified: tuple[Unnotified, ...]


def choose_recipients(written: Sequence[Mention], people: Mapping[str, MentionedPerson]) -> Recipients:
    """``people`` are by their handles."""
    person_ids: dict[str, None] = {}
    unnotified: list[Unnotified] = []
    for one in written:
        person = next((people[spelling] for spelling in one.spellings if spelling in people), None)
        if person is None:
            unnotified.append(Unnotified(one.handle, WhyNot.UNKNOWN))
        elif not person.is_active:
            unnotified.append(Unnotified(one.handle, WhyNot.INACTIVE))
        elif not person.may_see:
            unnotified.append(Unnotified(one.handle, WhyNot.MAY_NOT_SEE))
        elif len(person_ids) == MENTIONS_LIMIT and person.id not in person_ids:
            unnotified.append(Unnotified(one.handle, WhyNot.TOO_MANY))
        else:
            person_ids[person.id] = None
    return Recipients(tuple(person_ids), tuple(unnotified))


def mentions(markdown: str) -> tuple[Mention, ...]:
    """The mentions in a text, in the order in which they are written, each once."""
    found = {
        one.handle: one
        for text in _texts(_PARSER.parse(markdown))
        for match in _MENTION.finditer(text)
        if "://" not in text[: match.start()].rpartition(" ")[2]
        if (one := _mention(match[1].lower()))
    }
    return tuple(found.values())


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    """The runs of plain text; code, HTML and the addresses of links are left out."""
    for token in tokens:
        if token.type == "text":
            yield token.content
        yield from _texts(token.children or ())


def _mention(written: str) -> Mention | None:
    handle = written.rstrip("._-")
    longest = min(len(written), HANDLE_LIMIT)
    spellings = tuple(written[:end] for end in range(longest, len(handle) - 1, -1))
    return Mention(handle, spellings) if spellings else None

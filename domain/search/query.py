"""What somebody typed into a search box, taken apart: words, "quoted phrases", ``or``, and ``-`` before a refusal."""

import re
from dataclasses import dataclass
from enum import StrEnum

_TERM = re.compile(r'(-?)"([^"]*)"?|(\S+)')


class Place(StrEnum):
    """Where a match was found."""

    TITLE = "title"
    SECTION = "section"
    ACTION_ITEM = "actionItem"
    TIMELINE = "timeline"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``words`` is what the postmortem as a whole must meet, ``sought`` only what it must have: that is highlighted.

    A phrase must stand in one place (a title, a section, an event ...), a refused one in none. Beside an ``or`` a
    phrase asks for its words, in any order and place.
    """

    words: str
    sought: str
    phrases: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def parse(typed: str) -> Wanted:
    words: list[str] = []
    sought: list[str] = []
    phrases: list[str] = []
    refused: list[str] = []
    has_or = False
    for minus, phrase, word in _TERM.findall(typed):
        if word:
            has_or = has_or or word.lower() == "or"
            words.append(word)
            if not word.startswith("-"):
                sought.append(word)
        elif minus:
            refused.append(phrase)
        elif phrase:
            words.append(f'"{phrase}"')
            sought.append(f'"{phrase}"')
            phrases.append(phrase)
    return Wanted(" ".join(words), " ".join(sought), () if has_or else tuple(phrases), tuple(refused))

"""Parses what is typed into a search box: words, "quoted phrases", ``or``, and ``-`` before what must not be there."""

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
class SearchQuery:
    """``words`` are what the postmortem as a whole must match; ``sought`` is what it must hold: that is highlighted.

    A phrase must be in one place (a title, a section, an event ...), a refused one in none. Beside an ``or``, the
    words of a phrase match in any order and place.
    """

    words: str
    sought: str
    phrases: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def parse_query(typed: str) -> SearchQuery:
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
    return SearchQuery(" ".join(words), " ".join(sought), () if has_or else tuple(phrases), tuple(refused))

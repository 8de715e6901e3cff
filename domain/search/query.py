"""Parses what is typed into a search box: words, "quoted phrases", ``or``, and ``-`` before what must not be there."""

import re
from dataclasses import dataclass
from enum import StrEnum

_TERM = re.compile(r'(-?)"([^"]*)"?|(\S+)')


UNSPACED = (
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts that are written without blanks: two that stand side by side are a word of the search (migration
0023)."""
_UNSPACED_WORD = re.compile(rf"\w*{UNSPACED}\w*")
_SHORT = re.compile(rf"{UNSPACED}{{1,2}}")


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
    for minus, phrase, word in map(_term, _TERM.finditer(typed)):
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


def _term(found: re.Match[str]) -> tuple[str, str, str]:
    """Minus, phrase and word. A word of a script without blanks is a phrase, unless one word of the search holds it."""
    minus, phrase, word = found[1], found[2], found[3]
    bare = (word or "").removeprefix("-")
    if _UNSPACED_WORD.fullmatch(bare) and not _SHORT.fullmatch(bare):
        return word[: -len(bare)], bare, ""
    return minus or "", phrase or "", word or ""

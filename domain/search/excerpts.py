"""Excerpts of texts in which the database marks nothing: words with accents, and scripts written without blanks."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from domain.search.query import UNSPACED

AROUND = 90
"""How many characters an excerpt shows before its first hit, and after it."""
HITS = 20
_TERM = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?<=\w{3})(?:ies|es|s|ed|ing|ly|y)$")
_RUN = re.compile(UNSPACED)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an excerpt. ``hit``: it matches the query."""

    text: str
    hit: bool


def excerpt_of(text: str, sought: str) -> list[Piece]:
    """Some of the text around its first hit, with each hit marked; its beginning if there is none."""
    letters, places = _folded(text)
    spans = _spans(letters, _terms(sought))
    first = places[spans[0][0]] if spans else 0
    begin, end = _begin(text, max(0, first - AROUND)), min(len(text), first + AROUND)
    marked = [
        (places[one], places[two - 1] + 1) for one, two in spans if begin <= places[one] and places[two - 1] < end
    ]
    return [piece for piece in _pieces(text, begin, end, marked) if piece.text]


def _begin(text: str, at: int) -> int:
    """Not inside a word, if one begins soon."""
    if at == 0:
        return 0
    blank = text.find(" ", at, at + 20)
    return blank + 1 if blank >= 0 else at


def _pieces(text: str, begin: int, end: int, marked: list[tuple[int, int]]) -> Iterator[Piece]:
    at = begin
    for one, two in marked:
        yield Piece(text[at:one], hit=False)
        yield Piece(text[one:two], hit=True)
        at = two
    yield Piece(text[at:end], hit=False)


def _terms(sought: str) -> list[re.Pattern[str]]:
    terms = [_folded(one)[0] for one in _TERM.findall(sought) if one.lower() != "or"]
    return [
        re.compile(re.escape(term) if _RUN.search(term) else rf"\b{re.escape(_ENDING.sub('', term))}\w*")
        for term in terms
    ]


def _spans(letters: str, terms: list[re.Pattern[str]]) -> list[tuple[int, int]]:
    found = sorted(
        {match.span() for term in terms for _, match in zip(range(HITS), term.finditer(letters), strict=False)}
    )
    apart: list[tuple[int, int]] = []
    for one in found:
        if not apart or one[0] >= apart[-1][1]:
            apart.append(one)
    return apart


def _folded(text: str) -> tuple[str, list[int]]:
    """In small letters without accents, and which letter of the text each of them comes from."""
    letters: list[str] = []
    places: list[int] = []
    for place, one in enumerate(text):
        for part in _plain(one):
            letters.append(part)
            places.append(place)
    return "".join(letters), places


def _plain(one: str) -> str:
    if one.isascii():
        return one.lower()
    parts = unicodedata.normalize("NFKD", one.casefold())
    bare = "".join(part for part in parts if not "\u0300" <= part <= "\u036f")
    return unicodedata.normalize("NFC", _LETTERS.get(bare, bare))


_LETTERS = {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00e6": "ae", "\u0153": "oe", "\u00fe": "th", "\u0131": "i"}

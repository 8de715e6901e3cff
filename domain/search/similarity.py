"""Decides how similar two postmortems are: by rare words, services and the category of the cause."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

TEXT, SERVICES, CAUSE = 0.6, 0.3, 0.1
LEAST = 0.08
"""The least score of similar postmortems."""
WORDS_LIMIT = 40
_TITLE = 1
LENGTH_COUNTS = 0.75
"""A long postmortem shares words with everything: twice as many words nearly halve what it shares."""
PLACE_WEIGHTS = {1: 6.0, 2: 1.0, 3: 0.7, 4: 0.7}
"""Of a word in the title, a section, an action item, the timeline. Comments do not count."""


@dataclass(frozen=True, slots=True)
class DocumentWord:
    """A word, the kinds of places that it is in (as in a search document), and how many postmortems hold it."""

    lexeme: str
    places: tuple[int, ...]
    documents: int


@dataclass(frozen=True, slots=True)
class WordWeight:
    """How much a word counts. One of the title counts in full only if it is in the other title, too."""

    weight: float
    in_title: bool = False

    def shared(self, *, in_other_title: bool) -> float:
        return self.weight / 2 if self.in_title and not in_other_title else self.weight


def characteristic_words(words: Iterable[DocumentWord], total: int) -> dict[str, WordWeight]:
    """The words that characterize a postmortem, with their weights: rare but not unique, in prominent places."""
    weighed = {
        one.lexeme: WordWeight(weight, _TITLE in one.places)
        for one in words
        if one.documents > 1
        and (weight := sum(PLACE_WEIGHTS.get(place, 0) for place in one.places) * math.log(1 + total / one.documents))
        > 0
    }
    best = sorted(weighed, key=lambda lexeme: (-weighed[lexeme].weight, lexeme))[:WORDS_LIMIT]
    return {lexeme: weighed[lexeme] for lexeme in best}


def score(
    words: Mapping[str, WordWeight],
    shared_words: Collection[str],
    other_title: Collection[str],
    services: Collection[str],
    other_services: Collection[str],
    *,
    same_cause: bool,
    times_as_long: float,
) -> float:
    """Between 0 and 1. ``times_as_long`` is the other one's number of words over our own."""
    everything = sum(one.weight for one in words.values())
    shared = sum(words[one].shared(in_other_title=one in other_title) for one in shared_words)
    text = shared / everything if everything else 0.0
    text /= math.pow(max(1.0, times_as_long), LENGTH_COUNTS)
    united = set(services) | set(other_services)
    common = len(set(services) & set(other_services)) / len(united) if united else 0.0
    return round(TEXT * text + SERVICES * common + CAUSE * same_cause, 4)

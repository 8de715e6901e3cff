"""How much two postmortems have in common: rare words, services, the category of the cause."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

TEXT, SERVICES, CAUSE = 0.6, 0.3, 0.1
LEAST = 0.08
"""Below that nobody would call them similar."""
TELLING_WORDS = 40
LENGTH_COUNTS = 0.75
"""A long postmortem shares words with everything: twice as many words of its own halve what it shares, nearly."""
PLACE_WORTH = {1: 4.0, 2: 1.0, 3: 0.7, 4: 0.7}
"""Of a word in the title, a section, an action item, the timeline. Comments are not what a postmortem is about."""


@dataclass(frozen=True, slots=True)
class DocumentWord:
    """A word, the kinds of places where it stands (as in a search document), and how many postmortems hold it."""

    lexeme: str
    places: tuple[int, ...]
    documents: int


def telling(words: Iterable[DocumentWord], total: int) -> dict[str, float]:
    """The words by which a postmortem is known, with their weights: rare ones, in telling places, not unique ones."""
    weighed = {
        one.lexeme: weight
        for one in words
        if one.documents > 1
        and (weight := sum(PLACE_WORTH.get(place, 0) for place in one.places) * math.log(1 + total / one.documents)) > 0
    }
    best = sorted(weighed, key=lambda lexeme: (-weighed[lexeme], lexeme))[:TELLING_WORDS]
    return {lexeme: weighed[lexeme] for lexeme in best}


def score(
    weights: Mapping[str, float],
    shared_words: Collection[str],
    services: Collection[str],
    other_services: Collection[str],
    *,
    same_cause: bool,
    times_as_long: float,
) -> float:
    """Between 0 and 1. ``times_as_long`` is the other one's number of words over our own."""
    everything = sum(weights.values())
    text = sum(weights[one] for one in shared_words) / everything if everything else 0.0
    text /= math.pow(max(1.0, times_as_long), LENGTH_COUNTS)
    united = set(services) | set(other_services)
    common = len(set(services) & set(other_services)) / len(united) if united else 0.0
    return round(TEXT * text + SERVICES * common + CAUSE * same_cause, 4)

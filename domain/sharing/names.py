"""Finds people of the organization in a text: sure enough to ask, rare enough to be read.

- Full names, whatever their capitals and accents, also as "Doe, Jane".
- ``@handle``; a handle without ``@`` only if no ordinary word looks like it: it has a digit, dot, hyphen or underscore.
- A first or last name alone, if it is written with a capital. Names that are also words (Will, Grace, Page) count only
  inside a sentence; those that are capitalized in any sentence (May, Jordan, Austin) never count alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.sharing.hosts import Span
from domain.sharing.words import Phrases, Word, words_of

SHORTEST = 3
"""Letters of a name that counts alone, and of a handle without ``@``."""

_WORDS = """
abbey abel ace aim amber angel art ash autumn baker banks barber barker baron bass bay beach bell best bill birch
bird bishop black blue bond booth boss bow brand brook brooks brown buck bull burns bush butler buy can cannon
carpenter carter case cash chance chase church clay cliff close coal cole cook cooper core corn cox craft crane
cross cruise crystal dale dawn day dean dell dew diamond dick dock dollar don drake drew dusty earl early east eddy
faith fall farmer field finch fish fisher flint flow ford forest foster fox frank freeman frost gale gates gene
ginger glass gold golden good grace grant gray green grey ground guy hale hall hand hardy harper hart haven hay
hazel heath heather herb high hill hills holly home honor hood hope house hunt hunter ice iris ivy jack jade jay
jewel job joy judge just key keys king knight lake lamb lance lane last law leaf lee lily little lock logan long
love low major man march mark marks marsh marshal marshall mason max mercy mike miles mill miller mills mint mist
moon moore moss nick noble north oak olive pace page park parker parks patience patsy pearl penny peter pike piper
pitt pool poole pope porter post potter power powers price prince queen quick rain ran ranger ray read red reed rice
rich rider ring river rivers rob robin rock rod rose ruby run rush rust sage sally sand sandy savage say scout self
senior sharp shell short silver sky small smart smith snow song south spring star stark steel stein stern stone
storm story street strong sue summer summers sun swan swift taylor temple terry tester tiger tim tracy trip troy
tucker turner van vance victor viola wade walker wall ward waters way weaver web weber wells west wheeler white will
wills winter wise wolf wood woods worth wright young zone
"""
WORDS = frozenset(_WORDS.split())
_PLACES_AND_DAYS = """
alexandria april asia august austin bath berlin boston bradford bristol brooklyn carolina chad charlotte chelsea
china christian cleveland columbia cuba dakota dallas denver devon diego dublin durham england essex europe florence
florida france francisco friday geneva georgia germany hamilton holland houston hudson india indiana ireland israel
italia jackson january jerusalem jordan july june kent kenya kingston lancaster lincoln london lorraine madison
malta manchester may melbourne memphis mexico milan monday montana nevada november october odessa orlando oslo
oxford paris perth phoenix preston quebec raleigh rome salem saturday savannah scotland september sofia stafford
sunday sydney texas thursday trinidad tuesday valencia venice victoria vienna virginia wales warsaw washington
wednesday wellington windsor york zagreb
"""
PLACES_AND_DAYS = frozenset(_PLACES_AND_DAYS.split())
_HANDLE = re.compile(r"(?<![\w.+@/=-])@([A-Za-z0-9][A-Za-z0-9._-]*)")
_BARE_HANDLE = re.compile(r"(?<![\w.+@/=-])[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9](?![\w@])")
_ENDS_SENTENCE = re.compile(r"(?:^|[.!?:\n\"\u201c(*>#|-])[\s*_>#|\"\u201c(-]*$")
_WITHOUT_CASE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    handle: str


class Names:
    """The names of an organization's people, ready to be found."""

    def __init__(self, people: Iterable[Person]) -> None:
        full: set[str] = set()
        self._single: set[str] = set()
        self._handles: set[str] = set()
        self._unspaced: set[str] = set()
        for one in people:
            self._handles.add(one.handle.lower())
            words = words_of(one.name)
            if len(words) > 1:
                full |= {one.name, f"{words[-1].text} {' '.join(part.text for part in words[:-1])}"}
            if _WITHOUT_CASE.search(one.name):
                self._unspaced.add("".join(one.name.split()))
            if all(part.text.isalpha() or "'" in part.text for part in words):
                self._single |= {part.plain for part in words if len(part.text) >= SHORTEST and part.text[0].isupper()}
        self._full = Phrases(full)

    def places(self, text: str) -> Iterator[Span]:
        words = words_of(text)
        taken: list[Span] = []
        for span in self._full.places(text, words):
            taken.append(span)
            yield span
        covered = {word.start for span in taken for word in words if span.start <= word.start < span.end}
        yield from (
            Span(word.start, word.end)
            for word in words
            if word.start not in covered and self._is_name_alone(text, word)
        )
        yield from self._handles_in(text)
        for name in self._unspaced:
            yield from (Span(one.start(), one.end()) for one in re.finditer(re.escape(name), text))

    def _is_name_alone(self, text: str, word: Word) -> bool:
        if word.plain not in self._single or not word.text[0].isupper() or word.plain in PLACES_AND_DAYS:
            return False
        if word.text.isupper() and len(word.text) < 6:
            return False  # an abbreviation
        return word.plain not in WORDS or not _ENDS_SENTENCE.search(text[max(0, word.start - 40) : word.start])

    def _handles_in(self, text: str) -> Iterator[Span]:
        for one in _HANDLE.finditer(text):
            handle = one[1].rstrip(".-_")
            if handle.lower() in self._handles:
                yield Span(one.start(), one.start() + 1 + len(handle))
        for one in _BARE_HANDLE.finditer(text):
            known = one[0].lower() in self._handles and len(one[0]) > SHORTEST
            if known and re.search(r"[0-9._-]", one[0]) and re.search(r"[A-Za-z]", one[0]):
                yield Span(one.start(), one.end())

"""What a text for outsiders should not say, found word by word: names, hosts, addresses, secrets, internal tools.

Findings only mark: people decide. Kinds in ``BLOCKING`` must be removed or acknowledged before a text is approved.
Secrets are found by a scanner outside of ``domain``, which hands in where they are.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from domain.sharing import hosts
from domain.sharing.hosts import Span
from domain.sharing.names import Names, Person
from domain.sharing.words import Phrases


class FindingKind(StrEnum):
    """From what hurts most to what hurts least: of two findings in the same place, the first is kept."""

    SECRET = "SECRET"  # noqa: S105 - a kind, not a secret
    EMAIL = "EMAIL"
    PERSON = "PERSON"
    IP_ADDRESS = "IP_ADDRESS"
    HOST = "HOST"
    URL = "URL"
    INTERNAL_TOOL = "INTERNAL_TOOL"


BLOCKING = frozenset({FindingKind.SECRET, FindingKind.PERSON, FindingKind.HOST, FindingKind.IP_ADDRESS})
MOST = 500
"""Findings of one text; whoever has more removes some first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``text[start:end]`` is the ``quote``; offsets count code points. ``suggestion`` may stand in its place."""

    id: str
    kind: FindingKind
    quote: str
    start: int
    end: int
    suggestion: str

    @property
    def blocks(self) -> bool:
        return self.kind in BLOCKING


@dataclass(frozen=True, slots=True)
class Known:
    """What an organization knows: its people, the tools that its administrators listed, and Afterword's own host."""

    people: tuple[Person, ...] = ()
    tools: tuple[str, ...] = ()
    own_host: str = ""


SUGGESTIONS = {
    FindingKind.SECRET: "[removed]",
    FindingKind.EMAIL: "our support team",
    FindingKind.PERSON: "an engineer",
    FindingKind.IP_ADDRESS: "one of our servers",
    FindingKind.HOST: "one of our servers",
    FindingKind.URL: "[internal link]",
    FindingKind.INTERNAL_TOOL: "an internal tool",
}


def find(text: str, known: Known, secrets: Iterable[Span] = ()) -> list[Finding]:
    """All findings by their place; the first ``MOST``. ``secrets`` are the places that the scanner found."""
    found: list[tuple[FindingKind, Span]] = [(FindingKind.SECRET, one) for one in secrets]
    emails = list(hosts.emails(text))
    found += [(FindingKind.EMAIL, one) for one in emails]
    found += [(FindingKind.PERSON, one) for one in _names_of(known.people).places(text)]
    found += [(FindingKind.IP_ADDRESS, one) for one in hosts.ip_addresses(text)]
    found += [(FindingKind.HOST, one) for one in hosts.host_names(text)]
    found += [(FindingKind.URL, one) for one in hosts.private_urls(text, known.own_host)]
    found += [(FindingKind.INTERNAL_TOOL, one) for one in Phrases(known.tools).places(text)]
    return _numbered(text, sorted(_without_covered(found), key=lambda one: (one[1].start, -one[1].end)))[:MOST]


@lru_cache(maxsize=2)
def _names_of(people: tuple[Person, ...]) -> Names:
    """Of the same people, they are prepared once: that takes 30 ms for each thousand."""
    return Names(people)


def _without_covered(found: Sequence[tuple[FindingKind, Span]]) -> Iterator[tuple[FindingKind, Span]]:
    """Without what lies within a finding that hurts more, but for hosts and addresses within a link: both are said."""
    rank = {kind: place for place, kind in enumerate(FindingKind)}
    kept: list[tuple[FindingKind, Span]] = []
    for kind, span in sorted(set(found), key=lambda one: (rank[one[0]], one[1].start - one[1].end, one[1].start)):
        if any(_covers(other, span) for _, other in kept):
            continue
        kept.append((kind, span))
        yield kind, span


def _covers(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _numbered(text: str, found: Sequence[tuple[FindingKind, Span]]) -> list[Finding]:
    seen: Counter[tuple[FindingKind, str]] = Counter()
    numbered = []
    for kind, span in found:
        quote = text[span.start : span.end]
        occurrence = seen[kind, quote]
        seen[kind, quote] += 1
        finding_id = _id(kind, quote, occurrence)
        numbered.append(Finding(finding_id, kind, quote, span.start, span.end, _suggestion(kind, quote)))
    return numbered


def _id(kind: FindingKind, quote: str, occurrence: int) -> str:
    """The same for the same words in the same order, wherever the text around them moved."""
    parts = "\x1f".join((kind.value, quote, str(occurrence)))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _suggestion(kind: FindingKind, quote: str) -> str:
    if kind is FindingKind.HOST and (role := hosts.role_of(quote)):
        return role
    return SUGGESTIONS[kind]


def unacknowledged(found: Iterable[Finding], acknowledged: Iterable[str]) -> list[Finding]:
    """Those that block approval: of a blocking kind, and not acknowledged."""
    accepted = set(acknowledged)
    return [one for one in found if one.blocks and one.id not in accepted]

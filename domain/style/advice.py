"""Advice on everything that is written in one postmortem."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from domain.style.rules import Kind
from domain.style.suggestions import FINDINGS_LIMIT, Finding, advise_metrics, adviser

FindingKind = Literal["section", "timeline", "actionItem", "impactMetrics"]


@dataclass(frozen=True, slots=True)
class PostmortemText:
    """Sections by their names on the wire; events and action items by their ids.

    ``people`` are names and handles of those who took part; ``ignored`` are fingerprints of findings.
    """

    sections: Mapping[str, str]
    events: Sequence[tuple[str, str]]
    items: Sequence[tuple[str, str]]
    metrics: Mapping[str, Any]
    people: Sequence[str]
    ignored: frozenset[str]

    @property
    def length(self) -> int:
        """Characters of all that is read."""
        return sum(map(len, self.sections.values())) + sum(len(body) for _, body in (*self.events, *self.items))


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """``entity_id`` is that of the event or the action item."""

    finding: Finding
    kind: FindingKind
    section: str | None
    entity_id: str | None = None
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """``ignored`` counts the findings that were ignored; ``more`` says that further ones were left out."""

    items: Sequence[PlacedFinding]
    ignored: int
    more: bool


def advise_postmortem(text: PostmortemText, *, include_ignored: bool = False) -> Advice:
    """Lists wording suggestions for sections, impact metrics, action items, and the timeline, in this order."""
    items: list[PlacedFinding] = []
    ignored = 0
    for one in _findings(text):
        ignored += one.ignored
        if include_ignored or not one.ignored:
            items.append(one)
    return Advice(items[:FINDINGS_LIMIT], ignored, len(items) > FINDINGS_LIMIT)


def advise_text(kind: Kind, text: str, section: str | None) -> Advice:
    """On a text that belongs to no postmortem yet."""
    found = adviser().advise(kind, text, section=section)
    return Advice([PlacedFinding(one, kind.value, section) for one in found], 0, len(found) >= FINDINGS_LIMIT)


def _findings(text: PostmortemText) -> Iterator[PlacedFinding]:
    reader = adviser(text.people)

    def placed(
        found: Sequence[Finding], kind: FindingKind, section: str, entity_id: str | None = None
    ) -> Iterator[PlacedFinding]:
        for one in found:
            yield PlacedFinding(one, kind, section, entity_id, one.fingerprint in text.ignored)

    for section, body in text.sections.items():
        yield from placed(reader.advise(Kind.SECTION, body, section=section), "section", section)
    yield from placed(advise_metrics(text.metrics), "impactMetrics", "impact")
    for item_id, body in text.items:
        yield from placed(reader.advise(Kind.ACTION_ITEM, body), "actionItem", "actionItems", item_id)
    for event_id, body in text.events:
        yield from placed(reader.advise(Kind.TIMELINE, body), "timeline", "timeline", event_id)

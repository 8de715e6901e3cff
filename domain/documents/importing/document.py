"""What was read of one document, and the report that says so line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.action_items.action_item import ActionItemStatus, ActionItemType, Priority
from domain.content.templates import Template
from domain.timeline.pasted import ParsedEvent

SHOWN = 300
"""Characters of a line that the report repeats."""


class LineKind(StrEnum):
    PLACED = "PLACED"
    UNPLACED = "UNPLACED"
    """It went into the section *Imported*."""
    PERSON_NOT_FOUND = "PERSON_NOT_FOUND"
    DUPLICATE = "DUPLICATE"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """``line`` counts from 1, None for the document as a whole; ``target`` is a section, or what else of a postmortem
    it became. ``length`` is how many characters of the document it stands for."""

    line: int | None
    kind: LineKind
    target: str | None
    text: str
    length: int = 0


@dataclass(frozen=True, slots=True)
class ReadItem:
    """An action item. ``owner`` is a name as it was written; nobody is made owner by an import."""

    line: int
    description: str
    details: str | None = None
    owner: str | None = None
    due_on: date | None = None
    status: ActionItemStatus = ActionItemStatus.OPEN
    priority: Priority = Priority.MEDIUM
    type: ActionItemType | None = None
    justification: str | None = None
    completed_at: datetime | None = None
    due_on_moves: int = 0


@dataclass(frozen=True, slots=True)
class Restored:
    """What only an export of our own says. ``columns`` are a postmortem's; those of ``state`` (status, visibility and
    their instants), its author and the owners of its items (by their places) are taken only if an administrator keeps
    them. People are named by e-mail. ``sources`` are those of the events, and ``attachments`` lie beside the document.
    """

    id: str
    template: Template
    columns: Mapping[str, Any]
    state: Mapping[str, Any]
    services: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    author: str | None = None
    owners: Mapping[int, str] = field(default_factory=dict)
    people_fields: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """``texts`` are sections by their names, IMPORTED among them."""

    title: str
    texts: Mapping[str, str]
    events: tuple[ParsedEvent, ...] = ()
    items: tuple[ReadItem, ...] = ()
    people: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    happened_on: date | None = None
    report: tuple[ReportLine, ...] = field(default=())
    restored: Restored | None = None


def line_of(line: int | None, kind: LineKind, target: str | None, text: str) -> ReportLine:
    """A line of the report about that text, of which it shows the beginning."""
    length = len("".join(text.split()))
    plain = " ".join(text.split())
    return ReportLine(line, kind, target, plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}\u2026", length)

"""Sections of a postmortem that hold a text: their names, their current text, and which texts make a new revision."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

WIRE_NAMES = {
    "summary": "summary",
    "impact": "impact",
    "root_cause": "rootCause",
    "resolution": "resolution",
    "lessons_learned": "lessonsLearned",
    "contributing_factors": "contributingFactors",
    "detection": "detection",
    "response": "response",
}
"""The standard sections in their order: the field of a postmortem that holds one, and its name outside."""

STANDARD = tuple(WIRE_NAMES.values())
"""All other sections are custom ones, which templates define."""

TEXT_LIMIT = 200_000
"""Characters that a section may hold."""


class Origin(StrEnum):
    """The origin of a section's revision. ``prefill`` is the text that the postmortem started with."""

    EDIT = "edit"
    MERGE = "merge"
    RESTORE = "restore"
    PREFILL = "prefill"


@dataclass(frozen=True, slots=True)
class SectionText:
    """A section and its current text. Revision 0: it was never written. ``updated_by`` None: the system wrote it."""

    name: str
    body: str = ""
    revision: int = 0
    updated_at: datetime | None = None
    updated_by: str | None = None


@dataclass(frozen=True, slots=True)
class NewRevision:
    """The next text of a section. A line that only moved is neither added nor removed."""

    name: str
    body: str
    revision: int
    added_lines: int
    removed_lines: int


def new_revisions(texts: Mapping[str, str], current: Mapping[str, SectionText]) -> list[NewRevision]:
    """A revision for each section whose text differs from the current one.

    A custom section gets its first revision even without a text: its row makes it known.
    """
    found: list[NewRevision] = []
    for name, text in texts.items():
        before = current.get(name, SectionText(name))
        if text == before.body and (before.revision or name in STANDARD):
            continue
        found.append(next_revision(name, before.body, text, before.revision + 1))
    return found


def next_revision(name: str, before: str, text: str, revision: int) -> NewRevision:
    """``before`` is the text that the history shows before it."""
    return NewRevision(name, text, revision, *_lines_changed(before, text))


def _lines_changed(before: str, after: str) -> tuple[int, int]:
    old, new = (Counter(text.split("\n")) if text else Counter[str]() for text in (before, after))
    return (new - old).total(), (old - new).total()


def split_sections(fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of sections by their names, and all other fields as they are.

    ``fields`` names standard sections by their fields, and holds custom ones in a map ``custom_sections``.
    """
    texts = {WIRE_NAMES[name]: str(value or "") for name, value in fields.items() if name in WIRE_NAMES}
    texts |= {name: str(text or "") for name, text in (fields.get("custom_sections") or {}).items()}
    others = {name: value for name, value in fields.items() if name not in {*WIRE_NAMES, "custom_sections"}}
    return texts, others

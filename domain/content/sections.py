"""The sections of a postmortem that hold a text, by their names on the wire."""

from collections.abc import Mapping
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
    """How a revision of a section came about. ``prefill`` is what the postmortem began with."""

    EDIT = "edit"
    MERGE = "merge"
    RESTORE = "restore"
    PREFILL = "prefill"


def split_sections(fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of sections by their names, and all other fields as they are.

    ``fields`` names standard sections by their fields, and holds custom ones in a map ``custom_sections``.
    """
    texts = {WIRE_NAMES[name]: str(value or "") for name, value in fields.items() if name in WIRE_NAMES}
    texts |= {name: str(text or "") for name, text in (fields.get("custom_sections") or {}).items()}
    others = {name: value for name, value in fields.items() if name not in {*WIRE_NAMES, "custom_sections"}}
    return texts, others

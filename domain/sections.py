"""The sections of a postmortem, by their names on the wire, and which of them must be filled."""

from collections.abc import Mapping
from enum import StrEnum

REQUIRED = ("summary", "timeline", "impact", "rootCause", "resolution", "actionItems")
"""In the order of the product document."""

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
"""Every postmortem has these; all other sections are custom ones, which its template defines."""


class Origin(StrEnum):
    """How a revision of a section came about. ``prefill`` is what the postmortem began with."""

    EDIT = "edit"
    MERGE = "merge"
    RESTORE = "restore"
    PREFILL = "prefill"


def missing_sections(filled: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(name for name in REQUIRED if not filled.get(name, False))

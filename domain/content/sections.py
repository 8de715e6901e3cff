"""The sections of a postmortem that hold a text, by their names on the wire."""

from enum import StrEnum

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

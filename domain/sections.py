"""The sections of a postmortem, by their names on the wire, and which of them must be filled."""

from collections.abc import Mapping

REQUIRED = ("summary", "timeline", "impact", "rootCause", "resolution", "actionItems")
"""In the order of the product document."""


def missing_sections(filled: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(name for name in REQUIRED if not filled.get(name, False))

"""Entries of the audit log as people read them: who, what, and each value before and after."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.rendering import words
from models.audit import AuditEntry

ORIGINS = {"web": "in the browser", "api": "through the API", "system": "by Afterword"}
LONG = 160


@dataclass(frozen=True, slots=True)
class FieldChange:
    """``section`` is the key of a section, whose history shows more."""

    name: str
    before: str
    after: str
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """The names that people know for the ids and keys in the audit log."""

    people: Mapping[str, str]
    sections: Mapping[str, str]

    def field(self, key: str) -> str:
        spaced = (
            "".join(f" {one.lower()}" if one.isupper() else one for one in key[:100])
            .replace("_", " ")
            .removesuffix(" id")
        )
        return self.sections.get(key) or words(spaced.strip())

    def value(self, value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case str():
                known = self.people.get(value) or self.sections.get(value)
                return known or (words(value) if re.fullmatch("[A-Z][A-Z_]{2,40}", value) else value)
            case list():
                return ", ".join(self.value(one) for one in value)
            case dict():
                return "; ".join(f"{self.field(key)}: {self.value(one)}" for key, one in value.items())
        return json.dumps(value)


def shortened(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG].rstrip()}\u2026"


def person_ids(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("user_") and len(value) < 100:
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from person_ids(one)
    elif isinstance(value, dict):
        yield from person_ids(list(value.values()))


def changes_of(entry: AuditEntry, names: Names) -> Iterator[FieldChange]:
    before, after = entry.before or {}, entry.after or {}
    for key in dict.fromkeys([*before, *after]):
        section = key if key in names.sections and entry.action.startswith("postmortem.") else None
        yield FieldChange(names.field(key), names.value(before.get(key)), names.value(after.get(key)), section)

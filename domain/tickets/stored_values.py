"""What a link stores about its ticket as JSON: what both sides last agreed on, and what the tracker was last sent.

This module is the only one that knows the keys of ``ticket.base`` and ``ticket.pushed``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from domain.tickets import texts
from domain.tickets.merge import Agreed
from domain.tickets.projection import TicketField

_FOOTER = "footer"
_PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class AgreedValues:
    """``ticket.base``: by field, what both sides last agreed on. ``footer`` is the last one that we wrote into the
    ticket's text, None if we never wrote one."""

    fields: Mapping[TicketField, Agreed] = field(default_factory=dict)
    footer: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> "AgreedValues":
        stored = stored or {}
        fields = {name: _read_agreed(stored[name.value]) for name in TicketField if name.value in stored}
        return cls(fields, stored.get(_FOOTER))

    def with_fields(self, agreed: Mapping[TicketField, Agreed]) -> "AgreedValues":
        return replace(self, fields={**self.fields, **agreed})

    def with_footer(self, footer: str) -> "AgreedValues":
        return replace(self, footer=footer)

    def as_json(self) -> dict[str, Any]:
        stored: dict[str, Any] = {
            name.value: {"ours": one.ours, "theirs": one.theirs, "seen": one.seen} for name, one in self.fields.items()
        }
        return stored if self.footer is None else {**stored, _FOOTER: self.footer}


def _read_agreed(stored: Mapping[str, Any]) -> Agreed:
    return Agreed(stored["ours"], stored["theirs"], stored.get("seen", True))


@dataclass(frozen=True, slots=True)
class SentValues:
    """``ticket.pushed``: our side as the tracker was last sent it, or refused it. A field that was never sent is
    missing, and ``priority``, which stands in the footer, is None."""

    fields: Mapping[TicketField, str | None] = field(default_factory=dict)
    priority: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> "SentValues":
        stored = stored or {}
        return cls({name: stored[name.value] for name in TicketField if name.value in stored}, stored.get(_PRIORITY))

    def with_fields(self, values: Mapping[TicketField, str | None]) -> "SentValues":
        return replace(self, fields={**self.fields, **values})

    def with_priority(self, priority: str) -> "SentValues":
        return replace(self, priority=priority)

    def as_json(self) -> dict[str, str | None]:
        stored = {name.value: value for name, value in self.fields.items()}
        return stored if self.priority is None else {**stored, _PRIORITY: self.priority}


def our_values(
    description: str, details: str | None, status: str, owner_id: str | None, account: str | None, due_on: date | None
) -> dict[TicketField, str | None]:
    """An action item's value of each field. ``account`` is the owner's in the tracker, None if they have none."""
    owner = account or (f"{texts.UNKNOWN}{owner_id}" if owner_id else None)
    return {
        TicketField.TITLE: texts.title_of(description),
        TicketField.BODY: texts.trimmed(details or ""),
        TicketField.STATUS: status,
        TicketField.ASSIGNEE: owner,
        TicketField.DUE: due_on.isoformat() if due_on else None,
    }

"""What we remember of a ticket between two syncs: what both sides last agreed on, and what the tracker was last told.

Both are stored as JSON with the ticket. Each has one reader and one writer, here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.tickets import texts
from domain.tickets.merge import Agreed
from domain.tickets.projection import TicketField
from models.action_item import ActionItem, Ticket

Values = Mapping[TicketField, str | None]


@dataclass(frozen=True, slots=True)
class SyncBase:
    """``ticket.base``: each field as both sides last had it, and the ``footer`` of the text that we wrote; None where
    we have written none, which is so of a ticket that a person linked."""

    fields: Mapping[TicketField, Agreed] = field(default_factory=dict)
    footer: str | None = None

    @property
    def json(self) -> dict[str, object]:
        kept: dict[str, object] = {
            name.value: {"ours": one.ours, "theirs": one.theirs, "seen": one.seen} for name, one in self.fields.items()
        }
        return kept if self.footer is None else {**kept, "footer": self.footer}


@dataclass(frozen=True, slots=True)
class LastTold:
    """``ticket.pushed``: our side as the tracker was last told it, or refused it. ``priority`` stands in the footer of
    the text, so a change of it is to be written like one of a field; None where it was never told."""

    fields: Values = field(default_factory=dict)
    priority: str | None = None

    def updated(self, fields: Values) -> "LastTold":
        return replace(self, fields={**self.fields, **fields})

    @property
    def json(self) -> dict[str, str | None]:
        told = {name.value: value for name, value in self.fields.items()}
        return told if self.priority is None else {**told, "priority": self.priority}


def ours_of(item: ActionItem, account: str | None) -> dict[TicketField, str | None]:
    """Our half of each field; ``account`` is the owner's, None where they have none there."""
    owner = account or (f"{texts.UNKNOWN}{item.owner_id}" if item.owner_id else None)
    return {
        TicketField.TITLE: texts.title_of(item.description),
        TicketField.BODY: (item.details or "").strip(),
        TicketField.STATUS: item.status,
        TicketField.ASSIGNEE: owner,
        TicketField.DUE: item.due_on.isoformat() if item.due_on else None,
    }


def told_of(item: ActionItem, account: str | None) -> LastTold:
    """What a tracker has been told once it was told all of it."""
    return LastTold(ours_of(item, account), item.priority)


def read_base(ticket: Ticket) -> SyncBase:
    kept = ticket.base or {}
    fields = {
        name: Agreed(kept[name.value]["ours"], kept[name.value]["theirs"], kept[name.value].get("seen", True))
        for name in TicketField
        if name.value in kept
    }
    return SyncBase(fields, kept.get("footer"))


def write_base(ticket: Ticket, agreed: Mapping[TicketField, Agreed], footer: str | None = None) -> None:
    """What was agreed on before stays, field by field; so does the footer without another one."""
    before = read_base(ticket)
    ticket.base = SyncBase({**before.fields, **agreed}, footer or before.footer).json


def read_told(ticket: Ticket) -> LastTold:
    told = ticket.pushed or {}
    return LastTold({name: told[name.value] for name in TicketField if name.value in told}, told.get("priority"))


def write_told(ticket: Ticket, told: LastTold) -> None:
    ticket.pushed = told.json

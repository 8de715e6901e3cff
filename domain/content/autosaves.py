"""Text that is saved while somebody types: what replaces what in the history, and a person's own copy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
"""One person's editing of a section leaves at most one revision in this time."""


@dataclass(frozen=True, slots=True)
class EarlierSave:
    """A person's last revision of a section, which was saved while they typed."""

    revision: int
    editing_id: str
    window_began_at: datetime
    audit_entry_id: int | None
    is_reviewed: bool

    def is_replaced_at(self, now: datetime) -> bool:
        """Whether what they save now takes its place in the history. What somebody has reviewed stays: they are shown
        what changed since."""
        return not self.is_reviewed and now - self.window_began_at < WINDOW


@dataclass(frozen=True, slots=True)
class Draft:
    """A person's own copy of a section: it changes the section only once they save it."""

    name: str
    body: str
    base_revision: int
    saved_at: datetime

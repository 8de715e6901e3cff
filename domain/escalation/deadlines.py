"""When a workflow looks again, and what is due when: what its snapshot says about time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that is due. ``name`` is a timing target's, or ``overdue`` for an action item."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """When a workflow looks again because a reminder of ``name`` is due; ``at`` is None if there is none to send."""

    at: datetime | None = None
    name: str = "nothing"

    @property
    def deadline(self) -> Deadline | None:
        return Deadline(self.name, self.at) if self.at else None

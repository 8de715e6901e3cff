"""Numbers that are shown with a postmortem."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.postmortem import Comment


@dataclass(frozen=True, slots=True)
class PostmortemCounts:
    """``items`` counts action items by status."""

    items: Mapping[str, int]
    overdue: int = 0
    unresolved_comments: int = 0
    has_timeline: bool = False

    @property
    def has_items(self) -> bool:
        return any(self.items.values())


def unresolved_threads() -> tuple[Any, ...]:
    """Conditions on :class:`Comment`."""
    return (Comment.parent_id.is_(None), Comment.resolved_at.is_(None))

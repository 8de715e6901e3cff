"""What the state of a link between an action item and its ticket allows."""

from domain.action_items.action_item import LinkState

_WRITABLE = frozenset({LinkState.OK, LinkState.MOVED, LinkState.REFUSED})
_REPLACEABLE = frozenset({LinkState.DELETED, LinkState.FORBIDDEN})
CREATED = frozenset({LinkState.OK, LinkState.MOVED})
"""The ticket exists, and the tracker has accepted what we sent."""


def may_write_to(state: str) -> bool:
    """Whether we may write to a ticket with a link in this state."""
    return state in _WRITABLE


def was_never_created(state: str, external_id: str | None) -> bool:
    """Whether the tracker refused to create the ticket."""
    return state == LinkState.REFUSED and external_id is None


def is_replaceable(state: str, external_id: str | None) -> bool:
    """Whether a new ticket may be asked for in place of this one."""
    return state in _REPLACEABLE or was_never_created(state, external_id)

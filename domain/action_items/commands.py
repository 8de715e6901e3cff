"""Commands to an action item's workflow. Small facts only: the text of a command is staged in the database."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ActionItemAction(StrEnum):
    CHANGE = "CHANGE"
    SNOOZE = "SNOOZE"
    OPEN_TICKET = "OPEN_TICKET"
    DROP_TICKET = "DROP_TICKET"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class ActionItemCommand:
    """``CHANGE`` takes its new values from the staged text. The other fields mean what they mean in
    :class:`domain.postmortems.commands.PostmortemCommand`."""

    action_item_id: str
    action: ActionItemAction
    request_id: str
    actor_id: str
    origin: str = "api"
    fingerprint: str = ""
    integration_id: str | None = None
    ticket_id: str | None = None
    until: datetime | None = None
    has_words: bool = False

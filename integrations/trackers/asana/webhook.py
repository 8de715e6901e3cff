"""What Asana's webhooks say: gids and what happened to them, no more.

https://developers.asana.com/docs/webhooks-guide
"""

from collections.abc import Sequence
from datetime import UTC

from pydantic import AwareDatetime, BaseModel

from integrations.ticket import TicketAction, TicketEvent, TicketRef
from integrations.trackers.asana.answers import Named

MARKED = {"marked_complete": TicketAction.CLOSED, "marked_incomplete": TicketAction.REOPENED}
"""Stories that tell what a change of ``completed`` does not: to what."""
FILTERS = [
    {"resource_type": "task", "action": action} for action in ("added", "changed", "deleted", "removed", "undeleted")
] + [{"resource_type": "story", "resource_subtype": subtype, "action": "added"} for subtype in MARKED]


class Resource(BaseModel):
    gid: str
    resource_type: str
    resource_subtype: str | None = None


class FieldChange(BaseModel):
    field: str = ""
    new_value: Resource | str | int | float | None = None


class Event(BaseModel):
    action: str
    resource: Resource
    parent: Resource | None = None
    user: Named | None = None
    created_at: AwareDatetime
    change: FieldChange | None = None


class Delivery(BaseModel):
    events: list[Event]


def task_of(event: Event) -> str | None:
    """The task that an event is about; None for what we do not use."""
    if event.resource.resource_type == "task":
        return event.resource.gid
    marked = event.resource.resource_subtype in MARKED
    if event.resource.resource_type == "story" and marked and event.parent and event.parent.resource_type == "task":
        return event.parent.gid
    return None


def task_news(delivery_id: str, gid: str, events: Sequence[Event]) -> TicketEvent:
    """One for all events of a task. The actor is told only where it is one: else a person's change among ours would
    pass for ours."""
    actors = {event.user.gid if event.user else None for event in events}
    return TicketEvent(
        delivery_id=delivery_id,
        action=_action(events),
        ref=TicketRef(gid, gid),
        ticket=None,
        actor=actors.pop() if len(actors) == 1 else None,
        at=max(event.created_at for event in events).astimezone(UTC),
    )


def _action(events: Sequence[Event]) -> TicketAction:
    """What says most: the last of deleted or brought back, of done or not, made, then who has it."""
    told = [_told(event) for event in events]
    ranks: tuple[tuple[TicketAction | None, ...], ...] = (
        (TicketAction.DELETED,),
        (TicketAction.CLOSED, TicketAction.REOPENED),
        (TicketAction.OPENED,),
        (TicketAction.EDITED,),
        (TicketAction.ASSIGNED, TicketAction.UNASSIGNED),
    )
    if TicketAction.DELETED in told and any(event.action == "undeleted" for event in events):
        last = [event.action for event in events if event.action in {"deleted", "undeleted"}][-1]
        told = [TicketAction.DELETED] if last == "deleted" else [TicketAction.EDITED]
    for rank in ranks:
        found = [one for one in told if one in rank]
        if found:
            return found[-1]
    return TicketAction.EDITED


def _told(event: Event) -> TicketAction:
    if event.resource.resource_type == "story":
        return MARKED[event.resource.resource_subtype or ""]
    field = event.change.field if event.change else ""
    match event.action, field:
        case "deleted", _:
            return TicketAction.DELETED
        case "added", _ if event.parent and event.parent.resource_type in {"project", "workspace"}:
            return TicketAction.OPENED
        case "changed", "assignee":
            given = event.change is not None and event.change.new_value is not None
            return TicketAction.ASSIGNED if given else TicketAction.UNASSIGNED
        case _:
            return TicketAction.EDITED

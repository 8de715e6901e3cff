"""The snapshot of an action item that its workflow decides from."""

from application.action_items.tickets import list_tickets_to_push
from domain.action_items.action_item import ActionItemStatus
from domain.action_items.snapshots import ActionItemSnapshot, deadlines_of
from domain.escalation.deadlines import Alarm
from models.queries.escalation.pending import PendingFacts, find_item_facts
from models.session import Session


async def read_snapshot(session: Session, item_id: str) -> ActionItemSnapshot:
    """``exists`` is false if the row is gone."""
    facts = await find_item_facts(session, item_id)
    if facts is None:
        return ActionItemSnapshot(item_id, "", 0, ActionItemStatus.OPEN, exists=False)
    return await snapshot_of(session, facts, facts.last_look.alarm if facts.last_look else Alarm())


async def snapshot_of(session: Session, facts: PendingFacts, alarm: Alarm) -> ActionItemSnapshot:
    """Of what was read, and when the workflow looks again. Reads only the tickets, if there are any."""
    item = facts.item
    if item is None:
        raise ValueError("these are not the facts of an action item")
    return ActionItemSnapshot(
        id=item.id,
        postmortem_id=item.postmortem_id,
        version=item.version,
        status=ActionItemStatus(item.status),
        team_ids=tuple(one.id for one in facts.teams),
        deadlines=deadlines_of(ActionItemStatus(item.status), item.due_on, item.snoozed_until),
        pushes=tuple(await list_tickets_to_push(session, item)) if facts.has_tickets else (),
        alarm=alarm,
    )

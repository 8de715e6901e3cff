"""The snapshot of an action item that its workflow decides from."""

from application.action_items.tickets import list_tickets_to_push
from domain.action_items.action_item import ActionItemStatus
from domain.action_items.snapshots import ActionItemSnapshot, deadlines_of
from domain.escalation.deadlines import Alarm
from models.queries import action_items
from models.session import Session


async def read_snapshot(session: Session, item_id: str) -> ActionItemSnapshot:
    item = await action_items.find_item_unscoped(session, item_id)
    if item is None:
        return ActionItemSnapshot(item_id, "", 0, ActionItemStatus.OPEN, exists=False)
    team_ids = await action_items.list_team_ids(session, item.postmortem_id)
    alarm = await action_items.find_alarm(session, item_id)
    return ActionItemSnapshot(
        id=item.id,
        postmortem_id=item.postmortem_id,
        version=item.version,
        status=ActionItemStatus(item.status),
        team_ids=tuple(sorted(team_ids)),
        deadlines=deadlines_of(ActionItemStatus(item.status), item.due_on, item.snoozed_until),
        pushes=tuple(await list_tickets_to_push(session, item)),
        alarm=Alarm(alarm.rings_at, alarm.rings_for) if alarm else Alarm(),
    )

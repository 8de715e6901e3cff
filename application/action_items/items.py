"""Adding and changing action items, with what follows from a change: audit entries, notices and reminders."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, json_values
from application.escalation.leads import list_leads
from application.escalation.reminders import plan_item_reminders
from application.notifications.notices import notify
from domain import access
from domain.access import Relation, Verb, Viewer
from domain.action_items import action_item
from domain.action_items.action_item import ActionItemStatus, StatusChange
from domain.errors import NotFound, OwnerNotActive, StaleVersion
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.queries import action_items
from models.queries.action_items import ItemFacts, VisibleActionItem
from models.queries.people.people import find_person
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session

COLUMNS = ("description", "details", "owner_id", "due_on", "priority", "status", "type", "justification")
TEXT_COLUMNS = frozenset({"description", "details", "type"})
"""Written directly, even while Temporal is unavailable. A change of any other column is a command."""
REMINDER_COLUMNS = frozenset({"owner_id", "due_on", "priority", "status"})
"""A change of one of these fields changes who is reminded of the item, and when."""


def may_add(seen: VisiblePostmortem) -> bool:
    return access.may(Verb.ADD_ITEM, Status(seen.postmortem.status), seen.relations)


def may_change(seen: VisibleActionItem) -> bool:
    return access.may(Verb.CHANGE_ITEM, Status(seen.postmortem.status), _relations(seen))


def may_change_as(status: Status, held: AbstractSet[Relation]) -> bool:
    """Whether somebody who is this to the item and its postmortem, which has that status, may change the item."""
    return access.may(Verb.CHANGE_ITEM, status, held)


def check_may_change(seen: VisibleActionItem, action: str = "change this action item") -> None:
    access.check(Verb.CHANGE_ITEM, Status(seen.postmortem.status), _relations(seen), action)


def _relations(seen: VisibleActionItem) -> AbstractSet[Relation]:
    return {*seen.relations, Relation.OWNER} if seen.is_owner else seen.relations


async def check_owner(session: Session, owner_id: str | None) -> None:
    """Raises NotFound or OwnerNotActive."""
    if owner_id is None:
        return
    owner = await find_person(session, owner_id)
    check_found_owner(owner_id, owner.is_active if owner else None)


def check_found_owner(owner_id: str, is_active: bool | None) -> None:
    """As :func:`check_owner`; None if there is no such person."""
    if is_active is None:
        raise NotFound(kind="user", id=owner_id)
    if not is_active:
        raise OwnerNotActive(person_id=owner_id)


async def add_item(
    session: Session, viewer: Viewer, seen: VisiblePostmortem, item_id: str, values: Mapping[str, Any], now: datetime
) -> None:
    """Everyone who may edit or review the postmortem adds items; to a final one, administrators and the author."""
    access.check(Verb.ADD_ITEM, Status(seen.postmortem.status), seen.relations, "add an action item to this postmortem")
    await check_owner(session, values.get("owner_id"))
    status = ActionItemStatus(values.get("status") or ActionItemStatus.OPEN)
    action_item.check_change(status, None, values.get("justification"), StatusChange(status=status))
    item = action_items.insert_item(session, item_id, seen.postmortem.id, dict(values) | {"status": status.value}, now)
    item.completed_at = now if status is ActionItemStatus.COMPLETED else None
    audit(
        session,
        viewer,
        "action_item.created",
        "action_item",
        item_id,
        postmortem_id=seen.postmortem.id,
        after=json_values({name: getattr(item, name) for name in COLUMNS if getattr(item, name) is not None}),
    )
    await session.flush()
    if item.owner_id and item.owner_id != viewer.person_id and not status.is_settled:
        await notify(
            session,
            [item.owner_id],
            NoticeKind.ACTION_ITEM_ASSIGNED,
            f"{item.id}:assigned:1",
            at=now,
            action_item_id=item.id,
            postmortem_id=item.postmortem_id,
            actor_id=viewer.person_id,
        )


def check_change(facts: ItemFacts, changes: Mapping[str, Any], reason: str | None) -> None:
    """Raises the refusal of a change that is not possible now."""
    seen = facts.seen
    check_may_change(seen)
    if changes.get("owner_id") and changes["owner_id"] != seen.item.owner_id:
        check_found_owner(changes["owner_id"], facts.is_owner_active)
    status = ActionItemStatus(changes["status"]) if changes.get("status") else None
    justification = changes.get("justification", seen.item.justification)
    change = StatusChange(status, changes.get("due_on"), changes.get("justification"), reason)
    action_item.check_change(ActionItemStatus(seen.item.status), seen.item.due_on, justification, change)


async def change_text(
    session: Session, viewer: Viewer, item_id: str, changes: Mapping[str, Any], expected: int | None, now: datetime
) -> bool:
    """Changes the description or the details. False if nothing differs; raises StaleVersion or NotAllowed."""
    seen = await action_items.get_visible_item(session, viewer, item_id, lock=True)
    check_may_change(seen)
    check_version(seen, expected)
    changed = await apply_change(session, viewer, seen.item, changes, reason=None, now=now)
    if changed:
        await session.flush()
    return changed


def check_version(seen: VisibleActionItem, expected: int | None) -> None:
    """Raises StaleVersion if a version is expected and the item has another one."""
    if expected is not None and expected != seen.item.version:
        raise StaleVersion(expected=str(expected), current=seen.item.version)


async def apply_change(
    session: Session,
    viewer: Viewer | None,
    item: ActionItem,
    changes: Mapping[str, Any],
    *,
    reason: str | None,
    now: datetime,
    origin: str | None = None,
) -> bool:
    """Writes the columns that differ, and what follows from them. The row must be locked. False if none differs."""
    changed = await write_change(session, viewer, item, changes, reason=reason, now=now, origin=origin)
    if changed & REMINDER_COLUMNS:
        await plan_item_reminders(session, item.id, now)
    return bool(changed)


async def write_change(
    session: Session,
    viewer: Viewer | None,
    item: ActionItem,
    changes: Mapping[str, Any],
    *,
    reason: str | None,
    now: datetime,
    origin: str | None = None,
) -> AbstractSet[str]:
    """As :func:`apply_change`, without planning the reminders. Returns the columns that differed."""
    before = {name: getattr(item, name) for name, value in changes.items() if getattr(item, name) != value}
    if not before:
        return frozenset()
    if "due_on" in before and item.due_on is not None:
        item.due_on_moves += 1
    for name in before:
        setattr(item, name, changes[name])
    if "status" in before:
        item.completed_at = now if item.status == ActionItemStatus.COMPLETED else None
    item.version += 1
    item.updated_at = now
    after = json_values({name: getattr(item, name) for name in before})
    audit(
        session,
        viewer,
        "action_item.updated",
        "action_item",
        item.id,
        origin=origin,
        postmortem_id=item.postmortem_id,
        before=json_values(before),
        after=after | ({"reason": reason} if reason else {}),
        at=now,
    )
    if "owner_id" in before and item.owner_id and item.owner_id != (viewer.person_id if viewer else None):
        await notify(
            session,
            [item.owner_id],
            NoticeKind.ACTION_ITEM_ASSIGNED,
            f"{item.id}:assigned:{item.version}",
            at=now,
            action_item_id=item.id,
            postmortem_id=item.postmortem_id,
            actor_id=viewer.person_id if viewer else None,
        )
    return before.keys()


async def follow_ticket(session: Session, item: ActionItem, changes: Mapping[str, Any], now: datetime) -> bool:
    """Gives the item its ticket's values, and notifies its owner of another status. The row must be locked."""
    before = item.status
    changed = await apply_change(session, None, item, changes, reason=None, now=now, origin="tracker")
    if item.status != before:
        occasion = f"{item.id}:followed:{item.version}"
        await notify_owner(session, item, NoticeKind.ACTION_ITEM_FOLLOWED_TICKET, occasion, now)
    return changed


async def notify_owner(session: Session, item: ActionItem, kind: NoticeKind, occasion: str, now: datetime) -> None:
    """Notifies the owner, or the postmortem's leaders if there is no active owner; once for each occasion."""
    owner = await find_person(session, item.owner_id) if item.owner_id else None
    has_owner = owner is not None and owner.is_active
    people = [owner.id] if owner and has_owner else await list_leads(session, item.postmortem_id)
    await notify(session, people, kind, occasion, at=now, postmortem_id=item.postmortem_id, action_item_id=item.id)


def record_conflict(session: Session, item: ActionItem, ticket_id: str, facts: Mapping[str, Any], at: datetime) -> None:
    """Writes to the audit log that both sides had changed a field: what was kept and what was lost."""
    audit(
        session,
        None,
        "ticket.conflict",
        "action_item",
        item.id,
        origin="tracker",
        postmortem_id=item.postmortem_id,
        before={"lost": facts.get("lost")},
        after={**facts, "ticketId": ticket_id},
        at=at,
    )

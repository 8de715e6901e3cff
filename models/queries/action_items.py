"""Action items: reading, commands, and what follows from them. Their tickets have a file of their own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain import access
from domain.access import Relation, Verb, Viewer
from domain.action_items import action_item
from domain.action_items.action_item import ActionItemStatus, Move, asked_from
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.action_items.snapshots import OVERDUE, ActionItemSnapshot
from domain.errors import NotFound, OwnerNotActive
from domain.escalation.deadlines import Alarm, Deadline
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem, Ticket
from models.escalation import LadderAlarm
from models.person import Person
from models.postmortem import Postmortem, PostmortemTeam
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.access.visibility import relation_columns, relations, visible_to
from models.queries.audit.audit_log import note_reads
from models.queries.audit.command_log import take_arguments
from models.queries.audit.records import audit, is_committed, log_command, plain
from models.queries.escalation.leads import find_leaders
from models.queries.escalation.reminders import look_at_item
from models.queries.notifications.notices import notify
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.people import escape_like
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.tickets import tickets

COLUMNS = ("description", "details", "owner_id", "due_on", "priority", "status", "justification")
TEXT = frozenset({"description", "details"})
"""What is written directly, also while Temporal is away; every other change is a command."""
ASKED_FOR = frozenset({"owner_id", "due_on", "priority", "status"})
"""What decides who is asked for it, and when."""


@dataclass(frozen=True, slots=True)
class VisibleActionItem:
    """An item that the viewer may see: through its postmortem, or because it is theirs to do."""

    item: ActionItem
    postmortem: Postmortem
    relations: frozenset[Relation]
    is_owner: bool


def _visible_item(viewer: Viewer) -> Any:
    return or_(visible_to(viewer), ActionItem.owner_id == viewer.person_id)


async def get_visible_item(
    session: AsyncSession, viewer: Viewer, item_id: str, *, lock: bool = False
) -> VisibleActionItem:
    statement = (
        select(ActionItem, Postmortem, *relation_columns(viewer).columns())
        .join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
        .where(ActionItem.id == item_id, _visible_item(viewer))
        .options(selectinload(ActionItem.tickets).selectinload(Ticket.pull_requests))
    )
    if lock:
        statement = statement.with_for_update(of=ActionItem)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(kind="action item", id=item_id)
    item, postmortem, level, reviewer, participant, team = row
    held = relations(viewer, postmortem, level, reviewer, participant, team)
    if not lock and item.owner_id != viewer.person_id:
        await note_reads(session, viewer, [postmortem.id])
    return VisibleActionItem(item, postmortem, held, item.owner_id == viewer.person_id)


@dataclass(frozen=True, slots=True)
class ItemFilters:
    postmortem_id: str | None = None
    status: Sequence[str] = ()
    overdue: bool | None = None
    owner_id: str | None = None
    team_id: str | None = None
    priority: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    q: str | None = None


async def list_items(
    session: AsyncSession, viewer: Viewer, filters: ItemFilters, ask: Ask, now: datetime
) -> Page[ActionItem]:
    """Oldest first within a postmortem, newest first across all."""
    statement = select(ActionItem).join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    statement = _filtered(statement.where(_visible_item(viewer)), viewer, filters, now).options(
        selectinload(ActionItem.tickets).selectinload(Ticket.pull_requests)
    )
    order = Order("items", ActionItem.created_at, ActionItem.id, filters.postmortem_id is None)
    rows, cursor = await fetch_page(session, statement, order, ask)
    await note_reads(session, viewer, {row[0].postmortem_id for row in rows})
    return Page([row[0] for row in rows], cursor)


def _filtered(statement: Select[Any], viewer: Viewer, filters: ItemFilters, now: datetime) -> Select[Any]:
    if filters.postmortem_id:
        statement = statement.where(ActionItem.postmortem_id == filters.postmortem_id)
    if filters.status:
        statement = statement.where(ActionItem.status.in_(filters.status))
    if filters.overdue is not None:
        late = and_(ActionItem.due_on < now.astimezone(UTC).date(), ActionItem.status.in_(("OPEN", "IN_PROGRESS")))
        statement = statement.where(late if filters.overdue else or_(~late, ActionItem.due_on.is_(None)))
    if filters.owner_id:
        statement = statement.where(ActionItem.owner_id == filters.owner_id)
    if filters.team_id:
        in_team = select(PostmortemTeam.postmortem_id).where(PostmortemTeam.team_id == filters.team_id)
        statement = statement.where(ActionItem.postmortem_id.in_(in_team), visible_to(viewer))
    if filters.priority:
        statement = statement.where(ActionItem.priority == filters.priority)
    if filters.due_from:
        statement = statement.where(ActionItem.due_on >= filters.due_from)
    if filters.due_to:
        statement = statement.where(ActionItem.due_on <= filters.due_to)
    if filters.q:
        pattern = escape_like(filters.q.lower())
        statement = statement.where(func.lower(ActionItem.description).like(f"%{pattern}%", escape="\\"))
    return statement


# Adding


async def add_item(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    item_id: str,
    values: Mapping[str, Any],
    now: datetime,
) -> None:
    """Anybody who may edit or review the postmortem adds items; on a final one, administrators and the author."""
    access.check(Verb.ADD_ITEM, Status(seen.postmortem.status), seen.relations, "add an action item to this postmortem")
    await check_owner(session, values.get("owner_id"))
    status = ActionItemStatus(values.get("status") or ActionItemStatus.OPEN)
    action_item.check_move(status, None, values.get("justification"), Move(status=status))
    item = ActionItem(
        id=item_id,
        postmortem_id=seen.postmortem.id,
        created_at=now,
        updated_at=now,
        **dict(values) | {"status": status.value},
    )
    item.completed_at = now if status is ActionItemStatus.COMPLETED else None
    session.add(item)
    audit(
        session,
        viewer,
        "action_item.created",
        "action_item",
        item_id,
        postmortem_id=seen.postmortem.id,
        after=plain({name: getattr(item, name) for name in COLUMNS if getattr(item, name) is not None}),
    )
    await session.flush()


async def check_owner(session: AsyncSession, owner_id: str | None) -> None:
    """Raises NotFound or OwnerNotActive."""
    if owner_id is None:
        return
    owner = await session.get(Person, owner_id)
    if owner is None:
        raise NotFound(kind="user", id=owner_id)
    if not owner.is_active:
        raise OwnerNotActive(person_id=owner_id)


# Changing


def _held(seen: VisibleActionItem) -> AbstractSet[Relation]:
    return {*seen.relations, Relation.OWNER} if seen.is_owner else seen.relations


def may_change(seen: VisibleActionItem) -> bool:
    return access.may(Verb.CHANGE_ITEM, Status(seen.postmortem.status), _held(seen))


def may_add(seen: VisiblePostmortem) -> bool:
    return access.may(Verb.ADD_ITEM, Status(seen.postmortem.status), seen.relations)


def check_may_change(seen: VisibleActionItem, action: str = "change this action item") -> None:
    access.check(Verb.CHANGE_ITEM, Status(seen.postmortem.status), _held(seen), action)


async def check_change(
    session: AsyncSession, seen: VisibleActionItem, changes: Mapping[str, Any], reason: str | None
) -> None:
    """Raises the refusal of a change that is not possible now."""
    check_may_change(seen)
    if "owner_id" in changes and changes["owner_id"] != seen.item.owner_id:
        await check_owner(session, changes["owner_id"])
    status = ActionItemStatus(changes["status"]) if changes.get("status") else None
    justification = changes.get("justification", seen.item.justification)
    move = Move(status, changes.get("due_on"), changes.get("justification"), reason)
    action_item.check_move(ActionItemStatus(seen.item.status), seen.item.due_on, justification, move)


async def apply_change(
    session: AsyncSession,
    viewer: Viewer | None,
    item: ActionItem,
    changes: Mapping[str, Any],
    *,
    reason: str | None,
    now: datetime,
    origin: str | None = None,
) -> bool:
    """Writes the columns that differ, with what follows from them; the row must be locked. False if none differs."""
    before = {name: getattr(item, name) for name, value in changes.items() if getattr(item, name) != value}
    if not before:
        return False
    if "due_on" in before and item.due_on is not None:
        item.due_on_moves += 1
    for name in before:
        setattr(item, name, changes[name])
    if "status" in before:
        item.completed_at = now if item.status == ActionItemStatus.COMPLETED else None
    item.version += 1
    item.updated_at = now
    after = {name: getattr(item, name) for name in before}
    told = plain(after) | ({"reason": reason} if reason else {})
    audit(
        session,
        viewer,
        "action_item.updated",
        "action_item",
        item.id,
        origin=origin,
        postmortem_id=item.postmortem_id,
        before=plain(before),
        after=told,
        at=now,
    )
    if "owner_id" in before and item.owner_id and item.owner_id != (viewer.person_id if viewer else None):
        occasion = f"{item.id}:assigned:{item.version}"
        await notify(
            session,
            [item.owner_id],
            "action_item_assigned",
            occasion,
            at=now,
            action_item_id=item.id,
            postmortem_id=item.postmortem_id,
        )
    if before.keys() & ASKED_FOR:
        await session.flush()
        await look_at_item(session, item.id, now)
    return True


@dataclass(frozen=True, slots=True)
class Asked:
    """A command in its transaction."""

    session: AsyncSession
    viewer: Viewer
    seen: VisibleActionItem
    command: ActionItemCommand
    words: Mapping[str, Any]
    now: datetime


async def commit(session: AsyncSession, command: ActionItemCommand, now: datetime) -> ActionItemSnapshot:
    """Carries the command out, unless its request was carried out before; raises the refusal otherwise."""
    if not await is_committed(session, command.action_item_id, command.request_id, command.fingerprint):
        viewer = await get_viewer_unscoped(session, command.actor_id, command.origin)
        words = await take_arguments(session, command.request_id) if command.has_words else {}
        seen = await get_visible_item(session, viewer, command.action_item_id, lock=True)
        asked = Asked(session, viewer, seen, command, words, now)
        await check(asked)
        await _WRITES[command.action](asked)
        log_command(session, command.action_item_id, command)
        await session.flush()
    return await snapshot(session, command.action_item_id)


async def check(asked: Asked) -> None:
    """Raises the refusal of a command that is not possible now. Writes nothing."""
    match asked.command.action:
        case ActionItemAction.CHANGE:
            await check_change(asked.session, asked.seen, changes_of(asked.words), asked.words.get("reason"))
        case ActionItemAction.OPEN_TICKET:
            check_may_change(asked.seen, "create a ticket for this action item")
            tickets.check_no_ticket(asked.seen.item.tickets, asked.command.integration_id)
        case ActionItemAction.DROP_TICKET:
            check_may_change(asked.seen, "unlink a ticket from this action item")
            if asked.command.ticket_id not in {one.id for one in asked.seen.item.tickets}:
                raise NotFound(kind="ticket", id=asked.command.ticket_id)
        case ActionItemAction.SNOOZE:
            check_may_change(asked.seen, "snooze this action item")
        case ActionItemAction.DELETE:
            access.check(Verb.DELETE_ITEM, Status(asked.seen.postmortem.status), asked.seen.relations)


def changes_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """The columns in a staged change; a due date travels as its ISO text."""
    changes = {name: words["changes"][name] for name in words.get("changes", {}) if name in COLUMNS}
    if changes.get("due_on"):
        changes["due_on"] = date.fromisoformat(changes["due_on"])
    return changes


async def _change(asked: Asked) -> None:
    await apply_change(
        asked.session,
        asked.viewer,
        asked.seen.item,
        changes_of(asked.words),
        reason=asked.words.get("reason"),
        now=asked.now,
    )


async def _snooze(asked: Asked) -> None:
    item = asked.seen.item
    _touch(asked)
    before = item.snoozed_until.isoformat() if item.snoozed_until else None
    item.snoozed_until = asked.command.until
    after = item.snoozed_until.isoformat() if item.snoozed_until else None
    _audit(asked, "action_item.snoozed", {"snoozedUntil": before}, {"snoozedUntil": after})
    await asked.session.flush()
    await look_at_item(asked.session, item.id, asked.now)


async def _open_ticket(asked: Asked) -> None:
    wanted, pointer = asked.command.integration_id or "", asked.words.get("pointer")
    item, request_id = asked.seen.item, asked.command.request_id
    await tickets.add_ticket(asked.session, item, wanted, pointer, request_id, asked.now)
    _touch(asked)
    _audit(asked, "ticket.requested", None, {"integrationId": wanted, "pointer": pointer})


async def _drop_ticket(asked: Asked) -> None:
    ticket = next(one for one in asked.seen.item.tickets if one.id == asked.command.ticket_id)
    await tickets.drop_ticket(asked.session, ticket)
    _touch(asked)
    _audit(asked, "ticket.unlinked", {"key": ticket.key, "url": ticket.url}, None)


async def _delete(asked: Asked) -> None:
    _audit(asked, "action_item.deleted", {"description": asked.seen.item.description}, None)
    await asked.session.flush()
    await asked.session.execute(delete(ActionItem).where(ActionItem.id == asked.seen.item.id))


def _touch(asked: Asked) -> None:
    asked.seen.item.version += 1
    asked.seen.item.updated_at = asked.now


def _audit(asked: Asked, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    item = asked.seen.item
    audit(
        asked.session,
        asked.viewer,
        action,
        "action_item",
        item.id,
        postmortem_id=item.postmortem_id,
        before=before,
        after=after,
        at=asked.now,
    )


_WRITES: dict[ActionItemAction, Callable[[Asked], Awaitable[None]]] = {
    ActionItemAction.CHANGE: _change,
    ActionItemAction.SNOOZE: _snooze,
    ActionItemAction.OPEN_TICKET: _open_ticket,
    ActionItemAction.DROP_TICKET: _drop_ticket,
    ActionItemAction.DELETE: _delete,
}


# For the workflow


async def snapshot(session: AsyncSession, item_id: str) -> ActionItemSnapshot:
    statement = select(ActionItem).where(ActionItem.id == item_id).options(selectinload(ActionItem.tickets))
    item = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if item is None:
        return ActionItemSnapshot(item_id, "", 0, ActionItemStatus.OPEN, exists=False)
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == item.postmortem_id)
    alarm = await session.get(LadderAlarm, item_id, populate_existing=True)
    return ActionItemSnapshot(
        id=item.id,
        postmortem_id=item.postmortem_id,
        version=item.version,
        status=ActionItemStatus(item.status),
        team_ids=tuple(sorted((await session.execute(teams)).scalars())),
        deadlines=_deadlines(item),
        pushes=tuple(await tickets.list_pushes(session, item)),
        alarm=Alarm(alarm.rings_at, alarm.rings_for) if alarm else Alarm(),
    )


def _deadlines(item: ActionItem) -> tuple[Deadline, ...]:
    status = ActionItemStatus(item.status)
    if item.due_on is None or status.is_settled:
        return ()
    return (Deadline(OVERDUE, asked_from(item.due_on, item.snoozed_until)),)


async def mark_started(session: AsyncSession, item_id: str) -> None:
    """Waits for nobody: a row that is held is marked when the sweep has asked again."""
    free = select(ActionItem.id).where(ActionItem.id == item_id, ~ActionItem.workflow_started)
    statement = update(ActionItem).where(ActionItem.id == free.with_for_update(skip_locked=True).scalar_subquery())
    await session.execute(statement.values(workflow_started=True))


# From a ticket


async def follow_ticket(session: AsyncSession, item: ActionItem, changes: Mapping[str, Any], now: datetime) -> bool:
    """The item becomes what its ticket became; its owner is told of another status. The row must be locked."""
    before = item.status
    changed = await apply_change(session, None, item, changes, reason=None, now=now, origin="tracker")
    if item.status != before:
        occasion = f"{item.id}:followed:{item.version}"
        await tell_owing(session, item, "action_item_followed_ticket", occasion, now)
    return changed


async def tell_owing(session: AsyncSession, item: ActionItem, kind: str, occasion: str, now: datetime) -> None:
    """A notice to the owner, or to whoever stands in for them; once for each occasion."""
    owner = await session.get(Person, item.owner_id) if item.owner_id else None
    there = owner is not None and owner.is_active
    people = [owner.id] if owner and there else await find_leaders(session, item.postmortem_id)
    await notify(session, people, kind, occasion, at=now, postmortem_id=item.postmortem_id, action_item_id=item.id)


def note_conflict(
    session: AsyncSession, item: ActionItem, ticket_id: str, told: Mapping[str, Any], at: datetime
) -> None:
    """Both sides had changed a field: what was kept and what was lost, for good."""
    audit(
        session,
        None,
        "ticket.conflict",
        "action_item",
        item.id,
        origin="tracker",
        postmortem_id=item.postmortem_id,
        before={"lost": told.get("lost")},
        after={**told, "ticketId": ticket_id},
        at=at,
    )


async def get_item_unscoped(session: AsyncSession, item_id: str) -> ActionItem | None:
    return await session.get(ActionItem, item_id, with_for_update=True, populate_existing=True)


# The outbox


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    statement = select(ActionItem.id).where(~ActionItem.workflow_started).order_by(ActionItem.created_at).limit(limit)
    return list((await session.execute(statement)).scalars())

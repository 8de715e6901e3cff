"""Statements about action items: which of them a viewer may see, lists of them, and their outbox."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Text, cast, delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain.access import Relation, Viewer
from domain.errors import NotFound
from models.action_item import ActionItem, Ticket
from models.audit import CommandLog
from models.notification import Notice
from models.person import Person
from models.postmortem import Postmortem
from models.queries.access.visibility import (
    AnyViewer,
    BoundViewer,
    relation_columns,
    relations,
    viewer_parameters,
    visible_to,
)
from models.queries.action_items_filtered import ItemFilters, of_shape
from models.queries.audit.audit_log import note_reads
from models.queries.locking import change_in_order, lock_to_delete
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, json_list, json_object, text_of, without_workflow
from models.queries.rows import columns_of, read_row


@dataclass(frozen=True, slots=True)
class VisibleActionItem:
    """An item that the viewer may see: through its postmortem, or because they own it."""

    item: ActionItem
    postmortem: Postmortem
    relations: frozenset[Relation]
    is_owner: bool


def visible_item(viewer: AnyViewer) -> Any:
    return or_(visible_to(viewer), ActionItem.owner_id == viewer.person_id)


async def get_visible_item(
    session: AsyncSession, viewer: Viewer, item_id: str, *, lock: bool = False
) -> VisibleActionItem:
    statement = (
        select(ActionItem, Postmortem, *relation_columns(viewer).columns())
        .join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
        .where(ActionItem.id == item_id, visible_item(viewer))
        .options(selectinload(ActionItem.tickets).selectinload(Ticket.pull_requests))
    )
    if lock:
        statement = statement.with_for_update(of=ActionItem, key_share=True)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(kind="action item", id=item_id)
    item, postmortem, level, reviewer, participant, team = row
    held = relations(viewer, postmortem, level, reviewer, participant, team)
    if not lock and item.owner_id != viewer.person_id:
        await note_reads(session, viewer, [postmortem.id])
    return VisibleActionItem(item, postmortem, held, item.owner_id == viewer.person_id)


async def find_item_of(session: AsyncSession, postmortem_id: str, item_id: str) -> ActionItem | None:
    """The caller has checked that the viewer may see the postmortem."""
    statement = select(ActionItem).where(ActionItem.id == item_id, ActionItem.postmortem_id == postmortem_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_items(
    session: AsyncSession, viewer: Viewer, filters: ItemFilters, ask: Ask, now: datetime
) -> Page[ActionItem]:
    """Oldest first within a postmortem, newest first across all."""
    statement = select(ActionItem).join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    values = filters.values(now)
    statement = statement.where(visible_item(viewer), *of_shape(viewer, frozenset(values))).params(values)
    statement = statement.options(selectinload(ActionItem.tickets).selectinload(Ticket.pull_requests))
    order = Order("items", ActionItem.created_at, ActionItem.id, filters.postmortem_id is None)
    rows, cursor = await fetch_page(session, statement, order, ask)
    await note_reads(session, viewer, {row[0].postmortem_id for row in rows})
    return Page([row[0] for row in rows], cursor)


# Writing


def insert_item(
    session: AsyncSession, item_id: str, postmortem_id: str, values: Mapping[str, Any], now: datetime
) -> ActionItem:
    item = ActionItem(id=item_id, postmortem_id=postmortem_id, created_at=now, updated_at=now, **values)
    session.add(item)
    return item


async def delete_item(session: AsyncSession, item_id: str) -> None:
    await lock_to_delete(session, ActionItem, ActionItem.id == item_id)
    await lock_to_delete(session, Notice, Notice.action_item_id == item_id)
    await session.execute(delete(ActionItem).where(ActionItem.id == item_id))


# For commands


@dataclass(frozen=True, slots=True)
class TicketFacts:
    id: str
    integration_id: str
    link_state: str
    external_id: str | None
    key: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """Everything that decides about a command. ``carried_out`` is the fingerprint of the request if it was carried out
    before; ``is_owner_active`` is of the person whom the command makes the owner, None if there is none."""

    seen: VisibleActionItem
    tickets: Sequence[TicketFacts]
    carried_out: str | None
    is_owner_active: bool | None


@cache
def _facts_of_command(*, is_admin: bool) -> Prebuilt:
    viewer, key = BoundViewer(is_admin), text_of("id")
    held = relation_columns(viewer)
    names = ("id", "integration_id", "link_state", "external_id", "key", "url")
    ticket = json_object(**{name: getattr(Ticket, name) for name in names})
    tickets = select(json_list(ticket, Ticket.created_at, Ticket.id)).where(Ticket.action_item_id == key)
    carried_out = select(CommandLog.fingerprint).where(
        CommandLog.entity_id == key, CommandLog.request_id == text_of("request_id")
    )
    owner = select(Person.is_active).where(Person.id == text_of("owner_id"))
    statement = select(
        *columns_of(ActionItem),
        *columns_of(Postmortem),
        held.editor_level.label("editor_level"),
        held.reviewer.label("is_reviewer"),
        held.participant.label("is_participant"),
        held.team.label("is_in_team"),
        cast(tickets.scalar_subquery(), Text).label("tickets"),
        carried_out.scalar_subquery().label("carried_out"),
        owner.scalar_subquery().label("is_owner_active"),
    )
    statement = statement.join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    return Prebuilt(statement.where(ActionItem.id == key, visible_item(viewer)))


for _is_admin in (True, False):
    _facts_of_command(is_admin=_is_admin)


async def get_item_facts(
    session: AsyncSession,
    viewer: Viewer,
    item_id: str,
    *,
    request_id: str,
    owner_id: str | None = None,
    is_read: bool = True,
) -> ItemFacts:
    """One statement. ``is_read`` audits it as a read if an administrator alone may see the postmortem.

    Raises NotFound.
    """
    values = {"id": item_id, "request_id": request_id, "owner_id": owner_id} | viewer_parameters(viewer)
    row = await _facts_of_command(is_admin=viewer.is_admin).row(session, **values)
    if row is None:
        raise NotFound(kind="action item", id=item_id)
    item, postmortem = read_row(session, ActionItem, row), read_row(session, Postmortem, row)
    is_owner = item.owner_id == viewer.person_id
    who = (row["editor_level"], row["is_reviewer"], row["is_participant"], row["is_in_team"])
    if is_read and not is_owner:
        await note_reads(session, viewer, [postmortem.id])
    return ItemFacts(
        VisibleActionItem(item, postmortem, relations(viewer, postmortem, *who), is_owner),
        [TicketFacts(**one) for one in orjson.loads(row["tickets"])],
        row["carried_out"],
        row["is_owner_active"],
    )


# For the workflow


_LOCK = Prebuilt(select(*columns_of(ActionItem)).where(ActionItem.id == text_of("id")).with_for_update(key_share=True))


async def lock_item_unscoped(session: AsyncSession, item_id: str) -> ActionItem | None:
    found = await _LOCK.write(session, id=item_id)
    return read_row(session, ActionItem, found[0]) if found else None


_MARK = Prebuilt(
    text(
        """
        update action_item set workflow_started = true
        where id = (select id from action_item where id = :id and not workflow_started for update skip locked)
        """
    )
)


async def mark_started(session: AsyncSession, item_id: str) -> None:
    """Does not wait for a lock: a row that is locked now is marked after the sweep has asked again."""
    await _MARK.write(session, id=item_id)


async def put_into_outbox(session: AsyncSession, item_ids: Collection[str]) -> None:
    """Has their workflows read the rows again: a sweep starts what is in the outbox every few seconds."""
    await change_in_order(session, ActionItem, {"workflow_started": False}, ActionItem.id.in_(item_ids))


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    return [one["id"] for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = without_workflow(ActionItem, ActionItem.created_at)

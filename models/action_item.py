"""Action items, the tickets that project them into a tracker, and batches of tickets."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.action_items.action_item import ActionItemStatus, ActionItemType, LinkState, Priority
from models.base import Base, CreatedAt, Id, Instant, Key, Vector, Version, one_of, search_index


class ActionItem(Base):
    """Exactly one owner, a person. ``workflow_started`` false makes the row its own outbox.

    The database itself sets ``first_due_on`` with the first due date. It is null and not *known* for an item from
    before there was this column, if the audit log didn't tell it.
    """

    __tablename__ = "action_item"
    __table_args__ = (
        search_index("action_item"),
        CheckConstraint(one_of("status", ActionItemStatus), name="status"),
        CheckConstraint(one_of("priority", Priority), name="priority"),
        CheckConstraint(one_of("type", ActionItemType), name="type"),
        CheckConstraint("status <> 'WONT_DO' or justification is not null", name="justified"),
        Index("ix_action_item_postmortem_id_created_at", "postmortem_id", "created_at"),
        Index("ix_action_item_created_at_id", "created_at", "id"),
        Index("ix_action_item_status_created_at_id", "status", "created_at", "id"),
        Index(
            "ix_action_item_priority_rank",
            text("strpos('HIGHMEDIUMLOW', priority)"),
            "id",
        ),
        Index("ix_action_item_owner_id_status", "owner_id", "status"),
        Index(
            "ix_action_item_first_due_on",
            "first_due_on",
            postgresql_include=["postmortem_id", "status", "completed_at", "type"],
        ),
        Index("ix_action_item_due_on", "due_on", postgresql_where="status in ('OPEN', 'IN_PROGRESS')"),
        Index(
            "ix_action_item_due_first",
            text("coalesce(due_on, '9999-12-31'::date)"),
            "id",
            postgresql_where="status in ('OPEN', 'IN_PROGRESS')",
        ),
        Index("ix_action_item_outbox", "created_at", postgresql_where="not workflow_started"),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    description: Mapped[str]
    details: Mapped[str | None]
    owner_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    due_on: Mapped[date | None]
    first_due_on: Mapped[date | None] = mapped_column(deferred=True, deferred_raiseload=True)
    first_due_on_known: Mapped[bool] = mapped_column(server_default="true", deferred=True, deferred_raiseload=True)
    priority: Mapped[str] = mapped_column(default=Priority.MEDIUM.value)
    status: Mapped[str] = mapped_column(default=ActionItemStatus.OPEN.value)
    type: Mapped[str | None]
    justification: Mapped[str | None]
    due_on_moves: Mapped[int] = mapped_column(default=0)
    snoozed_until: Mapped[Instant | None]
    completed_at: Mapped[Instant | None]
    workflow_started: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    search: Mapped[Vector]

    tickets: Mapped[list["Ticket"]] = relationship(lazy="raise", viewonly=True, order_by="Ticket.created_at")


OVERDUE_FROM = """
case when status in ('OPEN', 'IN_PROGRESS') and due_on is not null
then greatest(at, (due_on + 1)::timestamp at time zone 'UTC') end
"""


class ActionItemHistory(Base):
    """The status and due date of an item from ``at`` until its next row, at ``until``, which is infinity for the last
    one. The database itself adds a row with every change. ``known`` is false where the audit log didn't tell what an
    older item was before there was this table. ``overdue_from`` is since when it was overdue in this state, if that
    didn't end before. ``postmortem_id`` is the item's, which never changes."""

    __tablename__ = "action_item_history"
    __table_args__ = (
        CheckConstraint(one_of("status", ActionItemStatus), name="status"),
        Index("ix_action_item_history_action_item_id_id", "action_item_id", "id"),
        Index(
            "ix_action_item_history_overdue",
            "until",
            postgresql_include=["overdue_from", "postmortem_id", "action_item_id"],
            postgresql_where="overdue_from < until",
        ),
        Index(
            "ix_action_item_history_open",
            "until",
            postgresql_include=["at", "postmortem_id", "action_item_id"],
            postgresql_where="status in ('OPEN', 'IN_PROGRESS')",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    action_item_id: Mapped[Id] = mapped_column(ForeignKey("action_item.id", ondelete="CASCADE"))
    at: Mapped[Instant]
    status: Mapped[str]
    due_on: Mapped[date | None]
    until: Mapped[Instant] = mapped_column(server_default="infinity")
    postmortem_id: Mapped[Id]
    overdue_from: Mapped[Instant | None] = mapped_column(Computed(OVERDUE_FROM, persisted=True))
    known: Mapped[bool] = mapped_column(server_default="true", default=True)


class Ticket(Base):
    """Our record of a ticket.

    ``external_id`` is the tracker's immutable id; ``pointer`` the address or key by which a person linked it.
    ``base`` is what both sides last agreed on, and ``pushed`` our side as the tracker was last sent it: only
    ``domain.tickets.stored_values`` knows their keys. ``seen_at`` is the tracker's own time of the last state that we
    applied: older ones are ignored.

    A look at the ticket is requested by incrementing ``looks_wanted``, and was taken once ``looks_done`` is as high.
    ``creating_since`` is set before we ask the tracker to create a ticket, until we know that it exists. ``waits``:
    there is something to push, but the connection is paused or in trouble. ``comment`` is the text of our only
    comment; ``conflict`` describes the last time when both sides had changed a field. ``tries`` counts pushes that
    were postponed. ``checked_at`` is when the ticket was last fetched by itself by reconciliation or, if it does not
    exist yet, when its workflow was last signaled again.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint(one_of("link_state", LinkState), name="link_state"),
        UniqueConstraint("action_item_id", "integration_id"),
        UniqueConstraint("integration_id", "external_id"),
        Index("ix_ticket_waits", "integration_id", postgresql_where="waits"),
        Index("ix_ticket_integration_id_id", "integration_id", "id"),
    )

    id: Mapped[Key]
    action_item_id: Mapped[Id] = mapped_column(ForeignKey("action_item.id", ondelete="CASCADE"))
    integration_id: Mapped[Id] = mapped_column(ForeignKey("integration.id"))
    tracker: Mapped[str]
    external_id: Mapped[str | None] = mapped_column(Text)
    pointer: Mapped[str | None]
    key: Mapped[str | None]
    url: Mapped[str | None]
    status: Mapped[str | None]
    assignee: Mapped[str | None]
    link_state: Mapped[str]
    detail: Mapped[str | None]
    base: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    pushed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    comment: Mapped[str | None]
    conflict: Mapped[str | None]
    looks_wanted: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    looks_done: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    tries: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    waits: Mapped[bool] = mapped_column(server_default="false", default=False)
    creating_since: Mapped[Instant | None]
    checked_at: Mapped[Instant | None]
    seen_at: Mapped[Instant | None]
    last_synced_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]

    pull_requests: Mapped[list["PullRequest"]] = relationship(
        lazy="raise", viewonly=True, order_by="PullRequest.created_at, PullRequest.url"
    )


class PullRequest(Base):
    """One that closes or mentions the ticket. ``seen_at`` is the vendor's time of its last news."""

    __tablename__ = "pull_request"
    __table_args__ = (
        CheckConstraint("state in ('open', 'merged', 'closed')", name="state"),
        UniqueConstraint("ticket_id", "url"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[Id] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    url: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    seen_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]


class TicketBatch(Base):
    """One for each postmortem and connection, even if tickets are requested again. ``item_ids`` are the action items;
    the progress is in their tickets. The row is its own outbox while ``workflow_started`` is false."""

    __tablename__ = "ticket_batch"
    __table_args__ = (
        UniqueConstraint("postmortem_id", "integration_id"),
        Index("ix_ticket_batch_outbox", "created_at", postgresql_where="not workflow_started"),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    integration_id: Mapped[Id] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"))
    item_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    asked_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    workflow_started: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Instant | None]

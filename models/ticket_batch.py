"""Tickets for many action items of one postmortem at once."""

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class TicketBatch(Base):
    """One for a postmortem and a connection, also when it is asked for again. ``item_ids`` are the action items that
    were asked for; how far it is stands in their tickets. ``workflow_started`` false makes the row its own outbox."""

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

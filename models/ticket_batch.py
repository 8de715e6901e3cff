"""Tickets for many action items of one postmortem at once."""

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


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

"""What the ladder remembers: when to look again, and who was asked for what."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Key


class ReminderAlarm(Base):
    """Of a postmortem or an action item, whose id is ``subject_id``: when its workflow looks again, and for what.

    ``looked_at`` is the last look, ``looks`` until when it was looked at each thing that was owed then, as
    ``models.queries.escalation.reminders`` writes it. One that rang long ago means that its workflow is gone.
    """

    __tablename__ = "ladder_alarm"
    __table_args__ = (
        CheckConstraint("num_nonnulls(postmortem_id, action_item_id) = 1", name="one_subject"),
        Index("ix_ladder_alarm_rings_at", "rings_at", postgresql_where="rings_at is not null"),
    )

    subject_id: Mapped[Key]
    postmortem_id: Mapped[Id | None] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"), index=True)
    action_item_id: Mapped[Id | None] = mapped_column(ForeignKey("action_item.id", ondelete="CASCADE"), index=True)
    rings_at: Mapped[Instant | None]
    rings_for: Mapped[str]
    looked_at: Mapped[Instant]
    looks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)


class SentReminder(Base):
    """A step of the ladder that somebody was asked at. ``covered_by`` is the higher step whose message said it too.

    ``receiver_id`` is a person's id; ``subject_id`` as above. ``occasion`` is the notice's ``dedupe_key``.
    """

    __tablename__ = "ladder_step"

    subject_id: Mapped[Key]
    target: Mapped[Key]
    due_at: Mapped[Instant] = mapped_column(primary_key=True)
    step: Mapped[Key]
    receiver_id: Mapped[Key]
    rung: Mapped[str]
    is_escalation: Mapped[bool]
    covered_by: Mapped[str | None]
    occasion: Mapped[str]
    sent_at: Mapped[Instant]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"), index=True)
    action_item_id: Mapped[Id | None] = mapped_column(ForeignKey("action_item.id", ondelete="CASCADE"), index=True)


class PublicHoliday(Base):
    """A public holiday of a country where somebody works; ``region`` is empty for all of it. Looked up elsewhere."""

    __tablename__ = "public_holiday"

    country: Mapped[Key]
    region: Mapped[Key]
    day: Mapped[date] = mapped_column(primary_key=True)

"""Escalation policies, reminders that were sent, when each workflow looks again, and public holidays."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key

DEFAULT_POLICY_ID = "pol_default"


class Policy(Base):
    """One version; the most specific current match (service, team, urgency) applies. ``domain.escalation.policy`` says
    what it means.

    ``hours`` maps target names to hours: working hours for the targets in ``working``, elapsed ones for the others.
    ``ladder`` holds the steps, ``office`` the working hours, both as ``models.queries.escalation.policies`` writes
    them; null stands for Afterword's defaults. The latest version of an archived policy is not current.
    ``created_by_id`` is null for the default policy.
    """

    __tablename__ = "policy"
    __table_args__ = (Index("ix_policy_is_current", "is_current", postgresql_where="is_current"),)

    id: Mapped[Key]
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    is_current: Mapped[bool] = mapped_column(default=True)
    name: Mapped[str]
    urgency: Mapped[str | None]
    service_id: Mapped[Id | None] = mapped_column(ForeignKey("service.id"))
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"))
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB)
    working: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    ladder: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    office: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stale_after_days: Mapped[int | None]
    min_reviewers: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
    archived_at: Mapped[Instant | None]


class ReminderAlarm(Base):
    """When the workflow of a postmortem or an action item (``subject_id``) looks again, and for which target.

    ``looked_at`` is the last look, and ``looks`` says until when each pending target was handled, as
    ``application.escalation.reminders`` writes it. If ``rings_at`` is long past, the workflow is lost.
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
    """A step of an escalation policy whose reminder was sent. ``covered_by`` is the higher step whose message included
    it.

    ``rung`` is the name of the step, and ``step`` also tells its repetitions apart. ``receiver_id`` is the id of a
    person or a team; ``subject_id`` as above. ``occasion`` is the notice's ``dedupe_key``.
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
    """A public holiday of a country where people work; ``region`` is empty for the whole country."""

    __tablename__ = "public_holiday"

    country: Mapped[Key]
    region: Mapped[Key]
    day: Mapped[date] = mapped_column(primary_key=True)

"""Escalation policies. A version never changes, so that a postmortem can keep its own."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text
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

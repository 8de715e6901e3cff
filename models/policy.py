"""Policies: how long each target may take. A version is never changed, so that a postmortem can keep its own."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Key

DEFAULT_POLICY_ID = "pol_default"


class Policy(Base):
    """``hours`` is target name to elapsed hours; the narrowest match (service, team, urgency) applies."""

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
    min_reviewers: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]

"""Incidents as their sources report them.

``registers`` is the merged document (``domain.incidents.incident``), the truth; the columns beside it are
projections for queries. The same report twice, late or out of order gives the same document.
"""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key, Version


class Incident(Base):
    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("status in ('OPEN', 'ACKNOWLEDGED', 'RESOLVED')", name="status"),
        CheckConstraint("urgency in ('HIGH', 'LOW')", name="urgency"),
        Index("ix_incident_created_at_id", "created_at", "id"),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    registers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    title: Mapped[str]
    status: Mapped[str]
    urgency: Mapped[str]
    started_at: Mapped[Instant | None]
    resolved_at: Mapped[Instant | None]
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"), index=True)
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class IncidentService(Base):
    __tablename__ = "incident_service"
    __table_args__ = (Index("ix_incident_service_service_id_incident_id", "service_id", "incident_id"),)

    incident_id: Mapped[Key] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"))
    service_id: Mapped[Key] = mapped_column(ForeignKey("service.id"))


class IncidentResponder(Base):
    """``ordinal`` keeps the order in which the source named them."""

    __tablename__ = "incident_responder"

    incident_id: Mapped[Key] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"), index=True)
    ordinal: Mapped[int]

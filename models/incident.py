"""Incidents as their sources report them.

``registers`` is the merged document (``domain.incidents.state``), the truth; the columns beside it are
projections for queries. The same report twice, late or out of order gives the same document. Beside them: who would
get access to a postmortem because a report names them, until someone with access decides.
"""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint
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


class PostmortemProposal(Base):
    """A person or a team. It grants nothing: confirming it writes a row of ``postmortem_participant`` or
    ``postmortem_team``.

    ``added_by_id`` is the person whose report named it, null for a webhook. A dismissed one stays, so that the next
    report doesn't propose it again.
    """

    __tablename__ = "postmortem_proposal"
    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, team_id) = 1", name="subject"),
        UniqueConstraint("postmortem_id", "person_id", "team_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"))
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id"))
    added_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    dismissed_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]

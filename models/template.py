"""Templates. Each change makes a version, which is never changed, so that a postmortem can keep its own."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class Template(Base):
    """What is not versioned: whose it is, and whether it is in use. ``version`` is the latest one; ``team_id`` is
    null for the organisation's. At most one of each team's, and one of the organisation's, is its default."""

    __tablename__ = "template"
    __table_args__ = (
        CheckConstraint("not (is_default and archived_at is not null)", name="default_in_use"),
        Index("ix_template_created_at_id", "created_at", "id"),
        Index(
            "ix_template_default_of_team",
            "team_id",
            unique=True,
            postgresql_where="is_default and team_id is not null",
        ),
        Index("ix_template_default", "is_default", unique=True, postgresql_where="is_default and team_id is null"),
    )

    id: Mapped[Key]
    version: Mapped[int] = mapped_column(BigInteger)
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"))
    is_default: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]


class TemplateVersion(Base):
    """``sections`` and ``fields`` are lists of objects with the names of ``domain.content.templates``.
    ``created_by_id`` is null for what came with Afterword."""

    __tablename__ = "template_version"

    template_id: Mapped[Key] = mapped_column(ForeignKey("template.id"))
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    description: Mapped[str | None]
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]

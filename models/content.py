"""The text of a postmortem with every revision, suggestions that people ignore, and templates."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.content.sections import Origin
from models.base import Base, CreatedAt, Id, Instant, Key, Vector, Version, one_of, search_index


class Section(Base):
    """``name`` is that of the wire. A standard section that nobody wrote has no row; a custom one always has.

    ``revision`` counts from 1. ``updated_by`` is null for the system.
    """

    __tablename__ = "section"
    __table_args__ = (search_index("section"),)

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    name: Mapped[Key]
    body: Mapped[str] = mapped_column(server_default="", default="")
    revision: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[CreatedAt]
    updated_by: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    search: Mapped[Vector]


class SectionRevision(Base):
    """One text that a section had. Never changed; the newest equals the section.

    What is saved while its author types has an ``editing_id``, and the ``audit_entry_id`` of the entry that all saves
    of that editing share. A later save replaces it in the history, until some minutes after ``window_began_at``: it has
    a ``superseded_at`` then, and is kept for a while, because others may have begun with that text.
    """

    __tablename__ = "section_revision"
    __table_args__ = (
        CheckConstraint(one_of("origin", Origin), name="origin"),
        ForeignKeyConstraint(["postmortem_id", "name"], ["section.postmortem_id", "section.name"], ondelete="CASCADE"),
        Index("ix_section_revision_superseded_at", "superseded_at", postgresql_where="superseded_at is not null"),
    )

    postmortem_id: Mapped[Key]
    name: Mapped[Key]
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    body: Mapped[str]
    author_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[CreatedAt]
    origin: Mapped[str]
    restored_from: Mapped[int | None] = mapped_column(BigInteger)
    added_lines: Mapped[int] = mapped_column(Integer, default=0)
    removed_lines: Mapped[int] = mapped_column(Integer, default=0)
    editing_id: Mapped[str | None]
    window_began_at: Mapped[Instant | None]
    audit_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    superseded_at: Mapped[Instant | None]


class SectionDraft(Base):
    """A person's own copy of a section, saved while they type where that doesn't change the section yet. Nobody else
    sees it. ``base_revision`` is the revision that they began with."""

    __tablename__ = "section_draft"
    __table_args__ = (
        Index("ix_section_draft_person_id", "person_id"),
        Index("ix_section_draft_saved_at", "saved_at"),
    )

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    name: Mapped[Key]
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    body: Mapped[str]
    base_revision: Mapped[int] = mapped_column(BigInteger)
    saved_at: Mapped[CreatedAt]


class AdviceIgnore(Base):
    """``fingerprint`` is of the rule and the line's words (``domain.style.suggestions``): it applies as long as the
    line reads the same, wherever it is moved."""

    __tablename__ = "advice_ignore"

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    fingerprint: Mapped[Key]
    rule: Mapped[str]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


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


class RootCauseCategory(Base):
    """What authors choose as the category of a root cause. A postmortem holds its name, in whatever case.

    Authors are not offered one that is not ``is_active``. A row that is ``merged_into`` another stands for it; its name
    is free again.
    """

    __tablename__ = "root_cause_category"
    __table_args__ = (
        Index(
            "ix_root_cause_category_name",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("merged_into is null"),
        ),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    merged_into: Mapped[Id | None] = mapped_column(ForeignKey("root_cause_category.id"), index=True)
    created_at: Mapped[CreatedAt]

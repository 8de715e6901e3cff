"""The text of a postmortem, every revision that it ever had, and the suggestions about it that people ignore."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from domain.content.sections import Origin
from models.base import Base, CreatedAt, Id, Key, Vector, one_of, search_index


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
    """One text that a section had. Never changed, never removed; the newest equals the section."""

    __tablename__ = "section_revision"
    __table_args__ = (
        CheckConstraint(one_of("origin", Origin), name="origin"),
        ForeignKeyConstraint(["postmortem_id", "name"], ["section.postmortem_id", "section.name"], ondelete="CASCADE"),
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


class AdviceIgnore(Base):
    """``fingerprint`` is of the rule and the line's words (``domain.style.suggestions``): it applies as long as the
    line reads the same, wherever it is moved."""

    __tablename__ = "advice_ignore"

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    fingerprint: Mapped[Key]
    rule: Mapped[str]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]

"""Saved views of lists, and how each person looks at a list."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.views import Audience, Layout, ListName
from models.base import Base, CreatedAt, Id, Key, Version, one_of


class SavedView(Base):
    """``query`` are the parameters of the list's address. A view of a team that no longer exists is its owner's only.

    No ``columns`` are those that each person chose.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        CheckConstraint(one_of("list", ListName), name="list"),
        CheckConstraint(one_of("shared_with", Audience), name="shared_with"),
        Index("ix_saved_view_name", "owner_id", "list", text("lower(name)"), unique=True),
        Index("ix_saved_view_team_id", "team_id", postgresql_where="team_id is not null"),
        Index("ix_saved_view_organization", "list", postgresql_where="shared_with = 'ORGANIZATION'"),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    owner_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    of_list: Mapped[str] = mapped_column("list")
    query: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    shared_with: Mapped[str]
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class ListChoice(Base):
    """The layout and the columns that a person last chose for a list."""

    __tablename__ = "list_choice"
    __table_args__ = (
        CheckConstraint(one_of("list", ListName), name="list"),
        CheckConstraint(one_of("layout", Layout), name="layout"),
    )

    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"))
    of_list: Mapped[str] = mapped_column("list", primary_key=True)
    layout: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))

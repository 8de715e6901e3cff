"""The organization's own settings, teams, their members, and the services they own."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from domain.people.service_names import service_key
from models.base import Base, CreatedAt, Id, Key, Version


class Organization(Base):
    """One row. While postmortems are not enabled, none can be started."""

    __tablename__ = "organization"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[Version]
    postmortems_enabled: Mapped[bool] = mapped_column(server_default="true", default=True)
    updated_at: Mapped[CreatedAt]


class Team(Base):
    """Its channel is a place (``channel_address``) in a connection (``channel_id``); without the latter it has none.

    ``room_url`` is a fixed link by which it meets, and ``room_kind`` a word for people. ``slot_*`` is when it keeps
    time for reviews each week: the ISO weekday, the minute of that day in ``slot_zone``, and how many minutes; all null
    for none.
    """

    __tablename__ = "team"
    __table_args__ = (
        CheckConstraint("num_nonnulls(slot_weekday, slot_opens, slot_minutes, slot_zone) in (0, 4)", name="slot"),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    name: Mapped[str] = mapped_column(Text, unique=True)
    lead_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    channel_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id", ondelete="SET NULL"))
    channel_address: Mapped[str | None]
    room_kind: Mapped[str | None]
    room_url: Mapped[str | None]
    slot_weekday: Mapped[int | None] = mapped_column(SmallInteger)
    slot_opens: Mapped[int | None] = mapped_column(SmallInteger)
    slot_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    slot_zone: Mapped[str | None]
    postmortems_enabled: Mapped[bool] = mapped_column(server_default="true", default=True)
    created_at: Mapped[CreatedAt]


class TeamMember(Base):
    __tablename__ = "team_member"

    team_id: Mapped[Key] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"), index=True)


def _key_of_name(context: Any) -> str:
    return service_key(context.get_current_parameters()["name"])


class Service(Base):
    """``is_active`` is false for one that a webhook named first: kept, to be claimed by a team.

    ``key`` is what its name has in common with other spellings (``domain.people.service_names``). A row that is
    ``merged_into`` another is an alias of it: reports that use this name are about that service.
    """

    __tablename__ = "service"

    id: Mapped[Key]
    version: Mapped[Version]
    name: Mapped[str] = mapped_column(Text, unique=True)
    key: Mapped[str] = mapped_column(Text, unique=True, default=_key_of_name)
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"), index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    merged_into: Mapped[Id | None] = mapped_column(ForeignKey("service.id"), index=True)
    created_at: Mapped[CreatedAt]

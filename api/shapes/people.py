"""Requests and answers about people, teams and services."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.shapes.base import Given, Patch, Ref, Shape, StrictlyGiven, Zone
from api.shapes.policies import WEEK, Weekday, clock_of, minutes_of
from domain.access import Role
from integrations.fields import Email, Link, Name, Words
from models.person import Person
from models.team import Organization, Service, Team

Handle = Annotated[
    str,
    Words(40, shape=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", says="Use letters, digits, dots, dashes, and underscores"),
    AfterValidator(str.lower),
]


class UserNew(Given):
    email: Email
    name: Name
    handle: Handle
    role: Role = Role.MEMBER
    team_ids: Annotated[list[Ref], Field(max_length=100, default_factory=list)]
    time_zone: Zone = "UTC"


class UserOut(Shape):
    id: str
    version: int
    email: str
    name: str
    handle: str
    role: Role
    active: bool
    team_ids: list[str]
    time_zone: str
    created_at: datetime


class UserPatch(Patch):
    """For administrators. ``active`` false deactivates the person: their tokens stop working and their open work
    needs new owners."""

    answer = UserOut

    name: Name = Field(default="")
    handle: Handle = Field(default="")
    role: Role = Role.MEMBER
    active: bool = True
    team_ids: Annotated[list[Ref], Field(max_length=100, default_factory=list)]
    time_zone: Zone = "UTC"

    def columns(self) -> dict[str, Any]:
        """What was sent, by column. Teams are not a column of a person."""
        columns = self.given()
        columns.pop("team_ids", None)
        if "active" in columns:
            columns["is_active"] = columns.pop("active")
        return columns


def user_out(person: Person, team_ids: list[str]) -> UserOut:
    return UserOut(
        id=person.id,
        version=person.version,
        email=person.email,
        name=person.name,
        handle=person.handle,
        role=Role(person.role),
        active=person.is_active,
        team_ids=team_ids,
        time_zone=person.time_zone,
        created_at=person.created_at,
    )


class ChannelShape(Given):
    """Where a team gets its messages. ``address`` is the channel's id or address, such as a Slack channel's id or an
    e-mail address; empty if the connection is a single channel."""

    integration_id: Ref
    address: Annotated[str, Words(254, blank=True, one_line=True)] = ""


_QUARTER = r"^([01]\d|2[0-3]):(00|15|30|45)$"


class RoomShape(Given):
    """A fixed link by which the team meets. ``kind`` says what it is, such as zoom."""

    kind: Annotated[str, Words(40, one_line=True)] = "link"
    url: Link


class ReviewSlotShape(Given):
    """When the team keeps time for reviews each week. ``opens`` is a full quarter of an hour, such as 15:00."""

    weekday: Weekday
    opens: Annotated[str, Words(5, shape=_QUARTER, says="Enter a time such as 15:00 or 15:30")]
    minutes: Annotated[int, Field(ge=15, le=240, multiple_of=5)] = 45
    time_zone: Zone = "UTC"

    def columns(self) -> dict[str, Any]:
        return {
            "slot_weekday": WEEK.index(self.weekday) + 1,
            "slot_opens": minutes_of(self.opens),
            "slot_minutes": self.minutes,
            "slot_zone": self.time_zone,
        }


NO_SLOT = dict.fromkeys(("slot_weekday", "slot_opens", "slot_minutes", "slot_zone"))


def _slot(team: Team) -> ReviewSlotShape | None:
    if team.slot_zone is None or team.slot_weekday is None or team.slot_opens is None or team.slot_minutes is None:
        return None
    return ReviewSlotShape(
        weekday=WEEK[team.slot_weekday - 1],
        opens=clock_of(team.slot_opens),
        minutes=team.slot_minutes,
        time_zone=team.slot_zone,
    )


class TeamNew(Given):
    name: Name
    lead_id: Ref | None = None
    member_ids: Annotated[list[Ref], Field(max_length=1000, default_factory=list)]


class TeamOut(Shape):
    id: str
    version: int
    name: str
    lead_id: str | None
    member_ids: list[str]
    channel: ChannelShape | None
    room: RoomShape | None
    review_slot: ReviewSlotShape | None
    postmortems_enabled: bool
    created_at: datetime


class TeamPatch(Patch):
    """``channel`` null removes it. Escalations and a weekly summary are sent there. ``room`` is where the team meets,
    and ``reviewSlot`` the time that it keeps for reviews: the next free one is proposed first. While
    ``postmortemsEnabled`` is false, no postmortem of this team alone can be started."""

    answer = TeamOut

    name: Name = Field(default="")
    lead_id: Ref | None = None
    member_ids: Annotated[list[Ref], Field(max_length=1000, default_factory=list)]
    channel: ChannelShape | None = None
    room: RoomShape | None = None
    review_slot: ReviewSlotShape | None = None
    postmortems_enabled: bool = True

    def columns(self) -> dict[str, Any]:
        """What was sent, as columns and members, without the channel: its connection has to be looked up."""
        columns = self.given()
        columns.pop("channel", None)
        if "room" in columns:
            room = columns.pop("room")
            columns |= {"room_kind": room and room.kind, "room_url": room and room.url}
        if "review_slot" in columns:
            slot = columns.pop("review_slot")
            columns |= slot.columns() if slot else NO_SLOT
        return columns


def team_out(team: Team, member_ids: list[str]) -> TeamOut:
    return TeamOut(
        id=team.id,
        version=team.version,
        name=team.name,
        lead_id=team.lead_id,
        member_ids=member_ids,
        channel=ChannelShape(integration_id=team.channel_id, address=team.channel_address or "")
        if team.channel_id
        else None,
        room=RoomShape(kind=team.room_kind or "link", url=team.room_url) if team.room_url else None,
        review_slot=_slot(team),
        postmortems_enabled=team.postmortems_enabled,
        created_at=team.created_at,
    )


class PostmortemSettingsPut(StrictlyGiven):
    read_only = frozenset({"version", "updatedAt"})

    enabled: bool


class PostmortemSettingsOut(Shape):
    version: int
    enabled: bool
    updated_at: datetime

    @classmethod
    def made_of(cls, row: Organization) -> "PostmortemSettingsOut":
        return cls(version=row.version, enabled=row.postmortems_enabled, updated_at=row.updated_at)


class ServiceNew(Given):
    name: Name
    team_id: Ref | None = None


class MergeIn(Given):
    into: Ref = Field(description="The service that takes over the incidents, postmortems and names of this one.")


class ServiceFull(Shape):
    id: str
    version: int
    name: str
    team_id: str | None
    active: bool
    aliases: list[str]
    created_at: datetime


class ServicePatch(Patch):
    """``aliases`` are other names that reports use for it; a service that is renamed keeps its former name as one."""

    answer = ServiceFull

    name: Name = Field(default="")
    team_id: Ref | None = None
    aliases: Annotated[list[Name], Field(default_factory=list, max_length=100)]


def service_out(service: Service, aliases: list[str]) -> ServiceFull:
    return ServiceFull(
        id=service.id,
        version=service.version,
        name=service.name,
        team_id=service.team_id,
        active=service.is_active,
        aliases=aliases,
        created_at=service.created_at,
    )

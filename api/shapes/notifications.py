"""Requests and answers about notification preferences and the inbox."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import FreeForm, Patch, Ref, Shape, Zone
from api.shapes.people import UserOut
from api.shapes.policies import WEEK, Country, Region, Weekday, clock_of, minutes_of, sorted_days
from application.notifications.inbox import InboxRow
from domain.notifications.meanings import Meaning, When, all_wishes
from domain.notifications.notices import KINDS
from integrations import public_holidays
from integrations.fields import Instant, Name, Words
from models.person import Person


class Preferred(StrEnum):
    """Where reminders are sent. ``inbox`` sends only escalations elsewhere."""

    SLACK = "slack"
    EMAIL = "email"
    INBOX = "inbox"


def _known(value: str) -> str:
    if value not in KINDS:
        raise PydanticCustomError("unknown_kind", "Unknown kind: see knownKinds of GET /api/me")
    return value


KindName = Annotated[str, Words(60, shape=r"^[a-z_]+$", says="Enter a kind, such as comment_added")]
Clock = Annotated[str, Words(5, shape=r"^([01]\d|2[0-3]):[0-5]\d$", says="Enter a time of day, such as 09:00")]
Closing = Annotated[
    str, Words(5, shape=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", says="Enter a time of day, such as 17:00")
]
MUTED = Annotated[list[Annotated[KindName, AfterValidator(_known)]], Field(max_length=100)]


class ChannelWishes(Shape):
    """When a group is sent in each channel. Escalations don't depend on it."""

    slack: When
    email: When


class MeOut(UserOut):
    """Times of day are in ``timeZone``. Null means the default of your team's policy (or the organization's), or
    that it doesn't apply."""

    notification_preferences: FreeForm
    country: str | None
    region: str | None
    working_days: list[Weekday] | None
    opens: str | None
    closes: str | None
    preferred_hour: str | None
    quiet_from: str | None
    quiet_until: str | None
    preferred_channel: Preferred | None
    delivery: dict[Meaning, ChannelWishes]
    muted_kinds: list[str]
    known_kinds: list[str]
    snoozed_until: datetime | None
    away_from: datetime | None
    away_until: datetime | None
    delegate_id: str | None
    scopes: list[str]


class MePatch(Patch):
    """``preferredHour`` null: you get a digest as soon as there is news, once a day. ``delivery`` says when each group
    is sent in each channel; groups that you leave out stay as they are. ``delivery`` and ``mutedKinds`` never mute
    escalations; ``snoozedUntil`` holds back reminders; ``delegateId`` covers for you while you're away."""

    answer = MeOut

    name: Name = Field(default="")
    time_zone: Zone = "UTC"
    notification_preferences: FreeForm = Field(default_factory=dict)
    country: Country | None = None
    region: Region | None = None
    working_days: Annotated[list[Weekday], Field(min_length=1, max_length=7), AfterValidator(sorted_days)] | None = None
    opens: Clock | None = None
    closes: Closing | None = None
    preferred_hour: Clock | None = None
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    preferred_channel: Preferred | None = None
    delivery: dict[Meaning, ChannelWishes] = Field(default_factory=dict)
    muted_kinds: MUTED = Field(default_factory=list)
    snoozed_until: Instant | None = None
    away_from: Instant | None = None
    away_until: Instant | None = None
    delegate_id: Ref | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.country is not None and self.country not in public_holidays.regions():
            raise PydanticCustomError("unknown_country", "Public holidays aren't available for this country")
        if self.region is not None and self.region not in public_holidays.regions().get(self.country or "", ()):
            raise PydanticCustomError(
                "unknown_region", "Send the region together with its country, and choose a region of that country"
            )
        return self

    def changes(self) -> dict[str, Any]:
        """As the row has them."""
        given = self.given()
        if "country" in given:
            given.setdefault("region", None)
        for name in ("opens", "closes", "quiet_from", "quiet_until"):
            if given.get(name) is not None:
                given[name] = minutes_of(given[name])
        if "preferred_hour" in given:
            hour = given.pop("preferred_hour")
            given["preferred_minute"] = None if hour is None else minutes_of(hour)
        if given.get("working_days") is not None:
            given["working_days"] = [WEEK.index(one) + 1 for one in given["working_days"]]
        if given.get("preferred_channel") is not None:
            given["preferred_channel"] = given["preferred_channel"].value
        if "delivery" in given:
            given["notice_wishes"] = {
                meaning.value: {channel: When(value).value for channel, value in dict(wish).items()}
                for meaning, wish in given.pop("delivery").items()
            }
        if "muted_kinds" in given:
            given["muted_kinds"] = sorted(set(given["muted_kinds"]))
        return given

    def holidays(self, year: int) -> tuple[tuple[str, str], frozenset[date]] | None:
        """The region and its public holidays, if the request names a country."""
        if not self.country:
            return None
        return (self.country, self.region or ""), public_holidays.dates(self.country, self.region, year)


def preferences(person: Person) -> dict[str, Any]:
    """As :class:`MeOut` shows them."""
    days: Sequence[int] | None = person.working_days
    return {
        "notification_preferences": person.notification_preferences,
        "country": person.country,
        "region": person.region,
        "working_days": [WEEK[one - 1] for one in days] if days else None,
        "opens": _clock(person.opens),
        "closes": _clock(person.closes),
        "preferred_hour": _clock(person.preferred_minute),
        "quiet_from": _clock(person.quiet_from),
        "quiet_until": _clock(person.quiet_until),
        "preferred_channel": person.preferred_channel,
        "delivery": all_wishes(person.notice_wishes),
        "muted_kinds": person.muted_kinds,
        "known_kinds": sorted(KINDS),
        "snoozed_until": person.snoozed_until,
        "away_from": person.away_from,
        "away_until": person.away_until,
        "delegate_id": person.delegate_id,
    }


def _clock(minutes: int | None) -> str | None:
    return None if minutes is None else clock_of(minutes)


class ActorOut(Shape):
    id: str
    name: str


class NoticeOut(Shape):
    """``title`` is what it is about, ``text`` what happened, ``quote`` what was written, and ``link`` the very place.
    ``actor`` is who did it, null for the clock. ``channel`` is where it was sent in addition to the inbox, or ``inbox``
    if only there (so far). ``onBehalfOfId`` is the absent person that you cover for. It is unread while ``readAt`` is
    null, and put away since ``doneAt``."""

    id: str
    kind: str
    group: Meaning
    title: str
    text: str
    quote: str
    link: str
    actor: ActorOut | None
    target: str | None
    rung: str | None
    is_escalation: bool
    channel: str
    on_behalf_of_id: str | None
    postmortem_id: str | None
    action_item_id: str | None
    comment_id: str | None
    integration_id: str | None
    about_team_id: str | None
    created_at: datetime
    read_at: datetime | None
    done_at: datetime | None

    @classmethod
    def of(cls, row: InboxRow) -> Self:
        notice, entry = row.notice, row.entry
        actor = ActorOut(id=notice.actor_id, name=row.actor) if notice.actor_id and row.actor else None
        own = {name: getattr(notice, name) for name in cls.model_fields if hasattr(notice, name)}
        said = {"title": entry.title, "text": row.text, "quote": entry.quote, "link": row.link}
        return cls.model_validate({**own, **said, "group": row.meaning, "actor": actor})


class MarkedOut(Shape):
    marked: int

"""What a policy looks like outside."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import Day, Patch, Ref, Shape, StrictlyGiven, Zone
from application.escalation.policy_changes import PolicyEffect
from domain.escalation.policy import Counted, Office, Recipient, Span, Step, StepKind
from domain.escalation.reminders import Channel, Reminder
from domain.escalation.targets import TargetName
from domain.incidents.incident import Urgency
from domain.people.calendar import Calendar
from integrations import public_holidays
from integrations.fields import Name, Words
from models.escalation import Policy
from models.queries.escalation.policies import content_of


class Weekday(StrEnum):
    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"


WEEK = tuple(Weekday)


def minutes_of(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def sorted_days(days: list[Weekday]) -> list[Weekday]:
    return sorted(set(days), key=WEEK.index)


Clock = Annotated[str, Words(5, shape=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", says="Enter a time of day, such as 09:00")]
Country = Annotated[str, Words(2, shape=r"^[A-Z]{2}$", says="Enter an ISO 3166 code, such as DE")]
Region = Annotated[str, Words(60, one_line=True)]


class SpanShape(StrictlyGiven):
    hours: Annotated[int, Field(ge=1, le=8784)]
    counted: Counted = Counted.ELAPSED


class RungIn(StrictlyGiven):
    """``amount``: the percentage of elapsed time for BEFORE_DUE (1 to 99), working days after the due time for
    WORKING_DAYS (1 to 250), days between two reminders for EVERY_DAYS (1 to 90), 0 for DUE."""

    read_only = frozenset({"name"})

    kind: StepKind
    amount: Annotated[int, Field(ge=0, le=250)] = 0
    asks: Annotated[list[Recipient], Field(min_length=1, max_length=len(Recipient))]


class CalendarIn(StrictlyGiven):
    """A calendar with the public holidays of ``country`` and ``region`` (``BY`` of ``DE``), looked up for the next
    five years. ``closedOn`` are your own days off."""

    read_only = frozenset({"holidays"})

    time_zone: Zone = "UTC"
    working_days: Annotated[list[Weekday], Field(min_length=1, max_length=7), AfterValidator(sorted_days)] = Field(
        default_factory=lambda: list(WEEK[:5])
    )
    opens: Clock = "09:00"
    closes: Clock = "17:00"
    country: Country | None = None
    region: Region | None = None
    closed_on: Annotated[list[Day], Field(max_length=100)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_somewhere(self) -> "CalendarIn":
        if self.country is not None and self.country not in public_holidays.regions():
            raise PydanticCustomError("unknown_country", "Public holidays aren't available for this country")
        if self.region is not None and self.region not in public_holidays.regions().get(self.country or "", ()):
            raise PydanticCustomError("unknown_region", "This country has no such region")
        return self

    def office(self, today: date) -> Office:
        days = tuple(WEEK.index(one) + 1 for one in self.working_days)
        known = public_holidays.dates(self.country, self.region, today.year) if self.country else frozenset[date]()
        return Office(
            hours=Calendar(self.time_zone, days, minutes_of(self.opens), minutes_of(self.closes)),
            country=self.country,
            region=self.region,
            holidays=known,
            closed_on=frozenset(self.closed_on),
        )


Targets = Annotated[dict[TargetName, SpanShape], Field(min_length=1, max_length=len(TargetName))]
Ladder = Annotated[list[RungIn], Field(max_length=20)]


class PolicyContent(StrictlyGiven):
    """What POST and PATCH share. ``targets``, ``ladder`` and ``calendar`` are replaced whole. A target that is left out
    is not asked for; null ``staleAfterDays`` asks nobody about a draft that rests."""

    read_only = frozenset({"id", "version", "createdById", "createdAt", "archivedAt"})

    urgency: Urgency | None = None
    service_id: Ref | None = None
    team_id: Ref | None = None
    targets: Targets = Field(default_factory=dict)
    ladder: Ladder = Field(default_factory=list)
    calendar: CalendarIn = Field(default_factory=CalendarIn)
    stale_after_days: Annotated[int, Field(ge=1, le=365)] | None = None
    min_reviewers: Annotated[int, Field(ge=0, le=20)] = 1

    def content(self, today: date) -> dict[str, Any]:
        """The sent fields, as a policy's. Public holidays are those from ``today``'s year on."""
        plain = {"name", "urgency", "service_id", "team_id", "stale_after_days", "min_reviewers"}
        sent: dict[str, Any] = {name: getattr(self, name) for name in plain & self.model_fields_set}
        if sent.get("urgency") is not None:
            sent["urgency"] = sent["urgency"].value
        if "targets" in self.model_fields_set:
            sent["targets"] = {name: Span(one.hours, one.counted) for name, one in self.targets.items()}
        if "ladder" in self.model_fields_set:
            steps = [Step(one.kind, one.amount, tuple(one.asks)) for one in self.ladder]
            sent["steps"] = tuple(sorted(steps, key=lambda one: one.order))
        if "calendar" in self.model_fields_set:
            sent["office"] = self.calendar.office(today)
        return sent


class PolicyNew(PolicyContent):
    name: Name


class RungOut(Shape):
    name: str
    kind: StepKind
    amount: int
    asks: list[Recipient]


class PolicyCalendarOut(Shape):
    """``holidays`` are the public holidays known to this version."""

    time_zone: str
    working_days: list[Weekday]
    opens: str
    closes: str
    country: str | None
    region: str | None
    closed_on: list[date]
    holidays: list[date]


class PolicyOut(Shape):
    """``archivedAt`` is set on the latest version of an archived policy."""

    id: str
    version: int
    name: str
    urgency: Urgency | None
    service_id: str | None
    team_id: str | None
    targets: dict[TargetName, SpanShape]
    ladder: list[RungOut]
    calendar: PolicyCalendarOut
    stale_after_days: int | None
    min_reviewers: int
    created_by_id: str | None
    created_at: datetime
    archived_at: datetime | None


class PolicyPatch(Patch, PolicyContent):
    answer = PolicyOut

    name: Name = Field(default="")


class TargetChangeOut(Shape):
    """``dueBefore`` null: the target is new. ``dueAfter`` null: the target is removed."""

    target: TargetName
    due_before: datetime | None
    due_after: datetime | None
    becomes_overdue: bool


class EffectOut(Shape):
    postmortem_id: str
    number: int
    title: str
    policy_version: int
    becomes_overdue: bool
    targets: list[TargetChangeOut]

    @classmethod
    def of(cls, effect: PolicyEffect) -> "EffectOut":
        postmortem = effect.postmortem
        return cls(
            postmortem_id=postmortem.id,
            number=postmortem.number,
            title=postmortem.title,
            policy_version=postmortem.policy_version,
            becomes_overdue=effect.becomes_overdue,
            targets=[
                TargetChangeOut(
                    target=one.target,
                    due_before=one.before,
                    due_after=one.after,
                    becomes_overdue=one.becomes_overdue,
                )
                for one in effect.changes
            ],
        )


class PreviewOut(Shape):
    """``policyVersion`` is the latest version. ``postmortems`` and ``becomeOverdue`` count all of them; ``items``
    lists at most 200."""

    policy_id: str
    policy_version: int
    postmortems: int
    become_overdue: int
    items: list[EffectOut]


class AppliedOut(Shape):
    policy_id: str
    policy_version: int
    applied: int
    become_overdue: int
    left: int


class NudgeOut(Shape):
    """``to`` is the recipient's role: ``owner``, ``author``, ``team-channel``, ``team-lead``, or ``administrators``."""

    at: datetime
    target: str
    rung: str
    to: str
    channel: Channel


def _step_out(step: Step) -> RungOut:
    return RungOut(name=step.name, kind=step.kind, amount=step.amount, asks=list(step.recipients))


def reminder_out(reminder: Reminder) -> NudgeOut:
    return NudgeOut(
        at=reminder.at, target=reminder.target, rung=reminder.step, to=reminder.to, channel=reminder.channel
    )


def policy_out(row: Policy) -> PolicyOut:
    content = content_of(row)
    office, hours = content.office, content.office.hours
    spans: Mapping[TargetName, Span] = content.targets
    return PolicyOut(
        id=row.id,
        version=row.version,
        name=content.name,
        urgency=Urgency(content.urgency) if content.urgency else None,
        service_id=content.service_id,
        team_id=content.team_id,
        targets={name: SpanShape(hours=one.hours, counted=one.counted) for name, one in spans.items()},
        ladder=[_step_out(one) for one in content.steps],
        calendar=PolicyCalendarOut(
            time_zone=hours.zone,
            working_days=[WEEK[day - 1] for day in hours.days],
            opens=clock_of(hours.opens),
            closes=clock_of(hours.closes),
            country=office.country,
            region=office.region,
            closed_on=sorted(office.closed_on),
            holidays=sorted(office.holidays),
        ),
        stale_after_days=content.stale_after_days,
        min_reviewers=content.min_reviewers,
        created_by_id=row.created_by_id,
        created_at=row.created_at,
        archived_at=row.archived_at,
    )

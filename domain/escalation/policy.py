"""Escalation policies: when each target is due, how its time is counted, and who is reminded of it when.

A version of a policy never changes; a postmortem keeps the one that it started with. Source: the timing targets of the
product document, counted from the resolution of the last incident, or from creation where there is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.errors import Fact, InvalidPolicy, reason
from domain.escalation.targets import DEFAULT_HOURS, TargetName
from domain.people import calendar as calendars
from domain.people.calendar import Calendar


class Counted(StrEnum):
    ELAPSED = "ELAPSED"
    WORKING = "WORKING"


class Recipient(StrEnum):
    """Who gets the reminder of a step. The owner is the person who has to do what is due, such as a reviewer."""

    OWNER = "OWNER"
    AUTHOR = "AUTHOR"
    TEAM_CHANNEL = "TEAM_CHANNEL"
    TEAM_LEAD = "TEAM_LEAD"
    ADMINISTRATORS = "ADMINISTRATORS"


class StepKind(StrEnum):
    """``BEFORE_DUE``: at that percentage of the time. ``WORKING_DAYS``: so many after it was due. ``EVERY_DAYS``: after
    the last of the others, repeated so many days apart."""

    BEFORE_DUE = "BEFORE_DUE"
    DUE = "DUE"
    WORKING_DAYS = "WORKING_DAYS"
    EVERY_DAYS = "EVERY_DAYS"


LIMITS: Mapping[StepKind, tuple[int, int]] = {
    StepKind.BEFORE_DUE: (1, 99),
    StepKind.DUE: (0, 0),
    StepKind.WORKING_DAYS: (1, 250),
    StepKind.EVERY_DAYS: (1, 90),
}
"""The smallest and the largest ``amount`` of each kind."""
_ORDER = tuple(StepKind)


@dataclass(frozen=True, slots=True)
class Step:
    kind: StepKind
    amount: int
    recipients: tuple[Recipient, ...]

    @property
    def name(self) -> str:
        """``before_due``, ``due``, ``+3``, ``weekly`` (or ``every_10_days``): unique in a policy."""
        if self.kind is StepKind.WORKING_DAYS:
            return f"+{self.amount}"
        if self.kind is StepKind.EVERY_DAYS:
            return "weekly" if self.amount == 7 else f"every_{self.amount}_days"
        return self.kind.value.lower()

    @property
    def order(self) -> tuple[int, int]:
        """By which the steps of a policy are sorted."""
        return _ORDER.index(self.kind), self.amount


DEFAULT_STEPS = (
    Step(StepKind.BEFORE_DUE, 80, (Recipient.OWNER,)),
    Step(StepKind.DUE, 0, (Recipient.OWNER,)),
    Step(StepKind.WORKING_DAYS, 1, (Recipient.OWNER, Recipient.AUTHOR)),
    Step(StepKind.WORKING_DAYS, 3, (Recipient.TEAM_CHANNEL, Recipient.TEAM_LEAD)),
    Step(StepKind.WORKING_DAYS, 5, (Recipient.ADMINISTRATORS,)),
    Step(StepKind.EVERY_DAYS, 7, (Recipient.OWNER, Recipient.ADMINISTRATORS)),
)


LOW_PRIORITY_STEPS = (Step(StepKind.DUE, 0, (Recipient.OWNER,)), Step(StepKind.EVERY_DAYS, 7, (Recipient.OWNER,)))
"""Of an action item of low priority: weekly to its owner, and to nobody else."""


@dataclass(frozen=True, slots=True)
class Span:
    hours: int
    counted: Counted = Counted.ELAPSED


DEFAULT_SPANS: Mapping[TargetName, Span] = {name: Span(hours) for name, hours in DEFAULT_HOURS.items()}
DEFAULT_STALE_DAYS = 7
MAX_WORKING_DAYS = 260
"""Working days that a target may take."""


@dataclass(frozen=True, slots=True)
class Office:
    """Where and when a policy's people work. ``holidays`` are the public ones of ``country`` (and ``region``), looked
    up when the version was made; ``closed_on`` are days that the organisation adds."""

    hours: Calendar = field(default_factory=Calendar)
    country: str | None = None
    region: str | None = None
    holidays: frozenset[date] = frozenset()
    closed_on: frozenset[date] = frozenset()

    @property
    def calendar(self) -> Calendar:
        hours = self.hours
        return Calendar(hours.zone, hours.days, hours.opens, hours.closes, self.holidays | self.closed_on)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version, as people wrote it. It applies to what has its urgency, service and team; None applies to any.

    ``stale_after_days`` is how long a draft may go without edits before its author is reminded; None reminds nobody.
    """

    name: str
    urgency: str | None = None
    service_id: str | None = None
    team_id: str | None = None
    targets: Mapping[TargetName, Span] = field(default_factory=lambda: dict(DEFAULT_SPANS))
    steps: tuple[Step, ...] = DEFAULT_STEPS
    office: Office = field(default_factory=Office)
    stale_after_days: int | None = DEFAULT_STALE_DAYS
    min_reviewers: int = 1

    @property
    def scope(self) -> tuple[str | None, str | None, str | None]:
        return self.urgency, self.service_id, self.team_id


def due_instants(start: datetime, policy: Policy) -> dict[TargetName, datetime]:
    """When each of its targets is due, counted from ``start``."""
    return {name: _due(start, policy.targets[name], policy) for name in TargetName if name in policy.targets}


def _due(start: datetime, span: Span, policy: Policy) -> datetime:
    duration = timedelta(hours=span.hours)
    if span.counted is Counted.ELAPSED:
        return start + duration
    return calendars.due_at(start, duration, policy.office.calendar)


def counted(policy: Policy, target: str) -> Counted:
    """How that target's time goes by; elapsed for what is not the policy's (an action item's due date)."""
    spans = {str(name): span.counted for name, span in policy.targets.items()}
    return spans.get(target, Counted.ELAPSED)


def review_time(policy: Policy) -> timedelta:
    """How long a reviewer may take once asked: what lies between the draft and the review of the policy's targets."""
    hours = {name: policy.targets[name].hours for name in TargetName if name in policy.targets} or DEFAULT_HOURS
    review = hours.get(TargetName.REVIEW_COMPLETED, DEFAULT_HOURS[TargetName.REVIEW_COMPLETED])
    draft = hours.get(TargetName.DRAFT_COMPLETED, DEFAULT_HOURS[TargetName.DRAFT_COMPLETED])
    return timedelta(hours=max(review - draft, 24))


def check(policy: Policy) -> None:
    """Raises :class:`InvalidPolicy` with every reason at once. Each says where: ``ladder.2.amount``."""
    reasons = [*_target_problems(policy), *_step_problems(policy), *calendars.problems(policy.office.hours)]
    if reasons:
        raise InvalidPolicy(reasons=reasons)


def _target_problems(policy: Policy) -> Iterator[Fact]:
    if not policy.targets:
        yield reason("NoTargets", "A policy needs at least one target.", where="targets")
    daily = policy.office.hours.closes - policy.office.hours.opens
    previous: tuple[TargetName, Span] | None = None
    for name in TargetName:
        span = policy.targets.get(name)
        if span is None:
            continue
        if span.counted is Counted.WORKING and span.hours * 60 > daily * MAX_WORKING_DAYS:
            words = f"'{name}' can't take more than {MAX_WORKING_DAYS} working days."
            yield reason("TooLong", words, where=f"targets.{name}.hours")
        if previous and previous[1].counted is span.counted and previous[1].hours > span.hours:
            words = f"'{name}' can't be due before '{previous[0]}'."
            yield reason("TargetsOutOfOrder", words, where=f"targets.{name}.hours")
        previous = name, span


def _step_problems(policy: Policy) -> Iterator[Fact]:
    seen: set[str] = set()
    for place, step in enumerate(policy.steps):
        where = f"ladder.{place}"
        low, high = LIMITS[step.kind]
        if not low <= step.amount <= high:
            words = f"The amount of {step.kind} must be between {low} and {high}."
            yield reason("AmountOutOfRange", words, where=f"{where}.amount")
        name = step.kind.value if step.kind is StepKind.EVERY_DAYS else step.name
        if name in seen:
            yield reason("RepeatedRung", f"There is already a step '{step.name}'.", where=where)
        seen.add(name)
        if not step.recipients or len(set(step.recipients)) < len(step.recipients):
            yield reason(
                "NobodyAsked",
                "A step needs at least one recipient, and each recipient only once.",
                where=f"{where}.asks",
            )

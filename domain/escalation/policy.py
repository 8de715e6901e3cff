"""Policies: by when, counted how, and who is asked when it was not done.

A version of a policy never changes; a postmortem keeps the one that it began with. Source: the timing targets of the
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


class Asked(StrEnum):
    """Who an escalation step notifies. The owner is the person responsible for what is due: the reviewers for a
    review, the owner for an action item."""

    OWNER = "OWNER"
    AUTHOR = "AUTHOR"
    TEAM_CHANNEL = "TEAM_CHANNEL"
    TEAM_LEAD = "TEAM_LEAD"
    ADMINISTRATORS = "ADMINISTRATORS"


class RungKind(StrEnum):
    """``BEFORE_DUE``: when that percentage of the time has elapsed. ``WORKING_DAYS``: that many working days after
    the due time. ``EVERY_DAYS``: repeatedly after the last of the other steps, that many days apart."""

    BEFORE_DUE = "BEFORE_DUE"
    DUE = "DUE"
    WORKING_DAYS = "WORKING_DAYS"
    EVERY_DAYS = "EVERY_DAYS"


LIMITS: Mapping[RungKind, tuple[int, int]] = {
    RungKind.BEFORE_DUE: (1, 99),
    RungKind.DUE: (0, 0),
    RungKind.WORKING_DAYS: (1, 250),
    RungKind.EVERY_DAYS: (1, 90),
}
"""The smallest and the largest ``amount`` of each kind."""
_ORDER = tuple(RungKind)


@dataclass(frozen=True, slots=True)
class Rung:
    kind: RungKind
    amount: int
    asks: tuple[Asked, ...]

    @property
    def name(self) -> str:
        """``before_due``, ``due``, ``+3``, ``weekly`` (or ``every_10_days``): unique in a ladder."""
        if self.kind is RungKind.WORKING_DAYS:
            return f"+{self.amount}"
        if self.kind is RungKind.EVERY_DAYS:
            return "weekly" if self.amount == 7 else f"every_{self.amount}_days"
        return self.kind.value.lower()

    @property
    def place(self) -> tuple[int, int]:
        """By which a ladder is sorted."""
        return _ORDER.index(self.kind), self.amount


DEFAULT_LADDER = (
    Rung(RungKind.BEFORE_DUE, 80, (Asked.OWNER,)),
    Rung(RungKind.DUE, 0, (Asked.OWNER,)),
    Rung(RungKind.WORKING_DAYS, 1, (Asked.OWNER, Asked.AUTHOR)),
    Rung(RungKind.WORKING_DAYS, 3, (Asked.TEAM_CHANNEL, Asked.TEAM_LEAD)),
    Rung(RungKind.WORKING_DAYS, 5, (Asked.ADMINISTRATORS,)),
    Rung(RungKind.EVERY_DAYS, 7, (Asked.OWNER, Asked.ADMINISTRATORS)),
)


LOW_LADDER = (Rung(RungKind.DUE, 0, (Asked.OWNER,)), Rung(RungKind.EVERY_DAYS, 7, (Asked.OWNER,)))
"""Of an action item of low priority: its owner, weekly, and nobody else."""


@dataclass(frozen=True, slots=True)
class Span:
    hours: int
    counted: Counted = Counted.ELAPSED


DEFAULT_SPANS: Mapping[TargetName, Span] = {name: Span(hours) for name, hours in DEFAULT_HOURS.items()}
DEFAULT_STALE_DAYS = 7
LONGEST = 260
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
    """One version, as people wrote it. It fits what has its urgency, service and team; None fits any.

    ``stale_after_days`` is how long a draft may rest before its author is asked; None asks nobody.
    """

    name: str
    urgency: str | None = None
    service_id: str | None = None
    team_id: str | None = None
    targets: Mapping[TargetName, Span] = field(default_factory=lambda: dict(DEFAULT_SPANS))
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
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
    reasons = [*_target_problems(policy), *_ladder_problems(policy), *calendars.problems(policy.office.hours)]
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
        if span.counted is Counted.WORKING and span.hours * 60 > daily * LONGEST:
            words = f"'{name}' can't take more than {LONGEST} working days."
            yield reason("TooLong", words, where=f"targets.{name}.hours")
        if previous and previous[1].counted is span.counted and previous[1].hours > span.hours:
            words = f"'{name}' can't be due before '{previous[0]}'."
            yield reason("TargetsOutOfOrder", words, where=f"targets.{name}.hours")
        previous = name, span


def _ladder_problems(policy: Policy) -> Iterator[Fact]:
    seen: set[str] = set()
    for place, rung in enumerate(policy.ladder):
        where = f"ladder.{place}"
        low, high = LIMITS[rung.kind]
        if not low <= rung.amount <= high:
            words = f"The amount of {rung.kind} must be between {low} and {high}."
            yield reason("AmountOutOfRange", words, where=f"{where}.amount")
        name = rung.kind.value if rung.kind is RungKind.EVERY_DAYS else rung.name
        if name in seen:
            yield reason("RepeatedRung", f"There is already a step '{rung.name}'.", where=where)
        seen.add(name)
        if not rung.asks or len(set(rung.asks)) < len(rung.asks):
            yield reason(
                "NobodyAsked",
                "A step needs at least one recipient, and each recipient only once.",
                where=f"{where}.asks",
            )

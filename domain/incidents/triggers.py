"""Whether a resolved incident needs a postmortem: the product document's three tables.

Precedence, from strongest to weakest:

1. a false positive, or an incident that another one took over: SKIP, whatever else holds;
2. auto-resolved: SKIP, unless customers were hit, data was lost or security was touched;
3. any required trigger: REQUIRED;
4. the root cause is documented already, or there is nothing to learn: SKIP;
5. any recommended trigger: RECOMMENDED;
6. none at all: SKIP.

A decision lists every trigger that fired, so that people see what spoke for and against.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.errors import IncidentNotResolved
from domain.incidents.incident import IncidentStatus, Urgency

LONG_DURATION = timedelta(hours=1)
RECURRENCE_WINDOW = timedelta(days=30)
RECURRENCE_COUNT = 2
"""So many similar incidents on the same service, within the window before this one, make a pattern."""


class Outcome(StrEnum):
    REQUIRED = "REQUIRED"
    RECOMMENDED = "RECOMMENDED"
    SKIP = "SKIP"


class TriggerKind(StrEnum):
    REQUIRED = "required"
    RECOMMENDED = "recommended"
    SKIP = "skip"


class TriggerName(StrEnum):
    HIGH_URGENCY = "high_urgency"
    CUSTOMER_IMPACT = "customer_impact"
    DATA_LOSS = "data_loss"
    SECURITY = "security"
    LONG_DURATION = "long_duration"
    RECURRING = "recurring"
    NEAR_MISS = "near_miss"
    NOVEL_FAILURE = "novel_failure"
    CROSS_TEAM = "cross_team"
    FALSE_POSITIVE = "false_positive"
    MERGED = "merged"
    AUTO_RESOLVED = "auto_resolved"
    ROOT_CAUSE_DOCUMENTED = "root_cause_documented"
    NO_LEARNINGS = "no_learnings"
    NO_TRIGGER = "no_trigger"


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What the decision rests on.

    ``similar_earlier`` counts similar incidents on the same service that started within ``RECURRENCE_WINDOW`` before
    this one; ``team_ids`` are the teams of its responders and of its services. None is not known.
    """

    status: IncidentStatus
    urgency: Urgency | None = None
    duration: timedelta | None = None
    customer_impact: bool = False
    data_loss: bool = False
    security: bool = False
    false_positive: bool = False
    merged: bool = False
    auto_resolved: bool = False
    near_miss: bool = False
    similar_earlier: int = 0
    team_ids: frozenset[str] = frozenset()
    novel_failure: bool | None = None
    root_cause_documented: bool | None = None
    no_learnings: bool | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """One row of the tables that fired; ``words`` are for people."""

    name: TriggerName
    kind: TriggerKind
    words: str


@dataclass(frozen=True, slots=True)
class Decision:
    """``triggers`` holds all that fired, in the order of the tables; ``decided_by`` made the outcome."""

    outcome: Outcome
    triggers: tuple[Trigger, ...]
    decided_by: Trigger


NOTHING = Trigger(TriggerName.NO_TRIGGER, TriggerKind.SKIP, "No trigger applies")


def teams_involved(owning: Iterable[str], memberships: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The teams that own the services, and one team of each responder who is in none of those.

    ``memberships`` are pairs of a person and a team.
    """
    owners = frozenset(owning)
    teams_of: dict[str, set[str]] = {}
    for person_id, team_id in memberships:
        teams_of.setdefault(person_id, set()).add(team_id)
    return owners | {min(teams) for teams in teams_of.values() if not teams & owners}


def decide(facts: IncidentFacts) -> Decision:
    """Raises :class:`IncidentNotResolved` while the incident is open: its facts may still change."""
    if facts.status is not IncidentStatus.RESOLVED:
        raise IncidentNotResolved(status=facts.status.value)
    required, recommended, skip = _required(facts), _recommended(facts), _skip(facts)
    overriding = [trigger for trigger in skip if _overrides_required(trigger, facts)]
    decided_by = [*overriding, *required, *skip, *recommended, NOTHING][0]
    fired = (*required, *recommended, *skip)
    return Decision(Outcome(decided_by.kind.name), fired or (NOTHING,), decided_by)


def _overrides_required(trigger: Trigger, facts: IncidentFacts) -> bool:
    if trigger.name is TriggerName.AUTO_RESOLVED:
        return not (facts.customer_impact or facts.data_loss or facts.security)
    return trigger.name in {TriggerName.FALSE_POSITIVE, TriggerName.MERGED}


def _required(facts: IncidentFacts) -> tuple[Trigger, ...]:
    return _fired(
        TriggerKind.REQUIRED,
        (facts.urgency is Urgency.HIGH, TriggerName.HIGH_URGENCY, "High urgency"),
        (facts.customer_impact, TriggerName.CUSTOMER_IMPACT, "Customers were affected"),
        (facts.data_loss, TriggerName.DATA_LOSS, "Data was lost"),
        (facts.security, TriggerName.SECURITY, "Security incident"),
        (_is_long(facts.duration), TriggerName.LONG_DURATION, "Lasted longer than 60 minutes"),
    )


def _recommended(facts: IncidentFacts) -> tuple[Trigger, ...]:
    return _fired(
        TriggerKind.RECOMMENDED,
        (
            facts.similar_earlier >= RECURRENCE_COUNT,
            TriggerName.RECURRING,
            f"{facts.similar_earlier} similar incidents in the previous {RECURRENCE_WINDOW.days} days",
        ),
        (facts.near_miss, TriggerName.NEAR_MISS, "Near miss"),
        (facts.novel_failure, TriggerName.NOVEL_FAILURE, "New kind of failure"),
        (len(facts.team_ids) > 1, TriggerName.CROSS_TEAM, f"{len(facts.team_ids)} teams were involved"),
    )


def _skip(facts: IncidentFacts) -> tuple[Trigger, ...]:
    return _fired(
        TriggerKind.SKIP,
        (facts.false_positive, TriggerName.FALSE_POSITIVE, "False positive"),
        (facts.merged, TriggerName.MERGED, "Merged into another incident"),
        (facts.auto_resolved, TriggerName.AUTO_RESOLVED, "Resolved automatically right away"),
        (facts.root_cause_documented, TriggerName.ROOT_CAUSE_DOCUMENTED, "Root cause already documented"),
        (facts.no_learnings, TriggerName.NO_LEARNINGS, "Nothing new to learn"),
    )


def _is_long(duration: timedelta | None) -> bool:
    return duration is not None and duration > LONG_DURATION


def _fired(kind: TriggerKind, *rows: tuple[bool | None, TriggerName, str]) -> tuple[Trigger, ...]:
    return tuple(Trigger(name, kind, words) for holds, name, words in rows if holds)

"""The ladder: who is asked when, until what is owed was done, waived or extended.

``ladder`` says everything that is still to be sent, given what was sent and when somebody last looked. Whoever sends
asks again when the time has come, with facts read anew: what is then no longer in the answer is not sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from domain.escalation.policy import Asked, Counted, Policy, Rung, RungKind, counted
from domain.people.calendar import (
    Calendar,
    due_at,
    last_working_hour,
    next_working_moment,
    plus_working_days,
    working_time_between,
)

STALE_DRAFT = "stale_draft"
PENDING_REVIEW = "pending_review"
COMMENT_THREADS = "comment_threads"
ACTION_ITEM = "action_item"


class Channel(StrEnum):
    SLACK = "slack"
    EMAIL = "email"
    INBOX = "inbox"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A person, or a team's channel; ``id`` is the key of their calendar."""

    id: str
    channel: Channel = Channel.INBOX


@dataclass(frozen=True, slots=True)
class Owed:
    """Something with a due time, and who owes it. ``target`` is a timing target's name, or one of those above.

    ``due_at`` is the instant that holds: an extension begins the ladder anew. ``since`` is when it began to hold: what
    was due before that is due then, and what comes before or after it in the ladder and lies before ``since`` is not
    sent. ``looked_at`` is :attr:`Facts.looked_at` for this alone.
    """

    target: str
    started_at: datetime
    due_at: datetime
    owners: tuple[Receiver, ...]
    is_settled: bool = False
    has_warning: bool = True
    """False: nobody is asked before it is due."""
    since: datetime | None = None
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A step that was sent, or was part of a later one that was."""

    target: str
    due_at: datetime
    step: str
    to: str


@dataclass(frozen=True, slots=True)
class Facts:
    """As they are ``now``. ``looked_at``: what was reached before that and is not waiting was sent, or is not to be;
    None where nobody ever looked. :func:`looked_until` gives the next one.

    ``until`` bounds the answer, since the last rung may come again and again. ``is_over``: archived or deleted.
    """

    now: datetime
    until: datetime
    owed: tuple[Owed, ...]
    asked: Mapping[Asked, tuple[Receiver, ...]]
    is_over: bool = False
    looked_at: datetime | None = None
    sent: frozenset[Sent] = frozenset()


@dataclass(frozen=True, slots=True)
class Nudge:
    """One message. ``step`` tells repetitions of a rung apart; ``covers`` are lower steps that it says too, since they
    would have arrived at the same moment. ``reached_at`` is when the first of them was reached, whatever the hour."""

    at: datetime
    target: str
    rung: str
    step: str
    to: str
    channel: Channel
    due_at: datetime
    covers: tuple[str, ...] = field(default=())
    reached_at: datetime | None = None

    def sent(self) -> frozenset[Sent]:
        """What is to be remembered once it is sent."""
        return frozenset(Sent(self.target, self.due_at, step, self.to) for step in (self.step, *self.covers))


def ladder(facts: Facts, policy: Policy, calendars: Mapping[str, Calendar]) -> list[Nudge]:
    """Everything still to be sent until ``facts.until``, in order; what lies at or before ``facts.now``, now.

    Each step comes once, in its receiver's working hours: ``calendars`` by receiver, else the policy's own. Steps that
    fell due while nobody looked, or outside of working hours, come together as one message, the highest of them.
    """
    if facts.is_over:
        return []
    found: list[Nudge] = []
    for owed in facts.owed:
        if not owed.is_settled:
            found += _together(_steps(owed, facts, policy, calendars))
    return sorted(found, key=lambda one: (one.at, one.due_at, one.target, one.to))


def occasion(subject_id: str, target: str, due_at: datetime, step: str = "") -> str:
    """The key of one message of the ladder; without a step, what those about that due time begin with."""
    return f"{subject_id}:{target}:{due_at.isoformat()}:{step}"


def looked_until(nudges: Sequence[Nudge], now: datetime) -> datetime:
    """The next ``looked_at``, once what is due ``now`` was sent: what was reached, but waits for its receiver's working
    hours, is not to be forgotten."""
    waiting = [one.reached_at for one in nudges if one.at > now and one.reached_at and one.reached_at <= now]
    return min(waiting, default=now)


def stale_draft(edited_at: datetime, policy: Policy, owners: tuple[Receiver, ...]) -> Owed | None:
    """A draft that rests: a missed target from the day on which it was left for too long. None where nobody asks."""
    if policy.stale_after_days is None:
        return None
    due = edited_at + timedelta(days=policy.stale_after_days)
    return Owed(STALE_DRAFT, edited_at, due, owners, has_warning=False)


def _steps(owed: Owed, facts: Facts, policy: Policy, calendars: Mapping[str, Calendar]) -> Iterator[Nudge]:
    """In the order of the ladder, as each would be sent alone."""
    looked_at = owed.looked_at or owed.since or facts.looked_at
    for rung, step, moment in _moments(owed, policy, facts.until):
        if looked_at is not None and moment < looked_at:
            continue
        for receiver in _receivers(rung, owed, facts):
            calendar = calendars.get(receiver.id, policy.office.calendar)
            planned = _planned(rung, owed, moment, calendar)
            if planned is None or Sent(owed.target, owed.due_at, step, receiver.id) in facts.sent:
                continue
            at = planned if planned >= facts.now else next_working_moment(facts.now, calendar)
            if at is not None and at <= facts.until:
                to, channel = receiver.id, receiver.channel
                yield Nudge(at, owed.target, rung.name, step, to, channel, owed.due_at, reached_at=moment)


def _planned(rung: Rung, owed: Owed, moment: datetime, calendar: Calendar) -> datetime | None:
    """A warning that would come too late in the morning comes in the last working hour before; all others wait."""
    planned = next_working_moment(moment, calendar)
    if rung.kind is RungKind.BEFORE_DUE and (planned is None or planned >= owed.due_at):
        return last_working_hour(owed.started_at, moment, calendar) or planned
    return planned


def _moments(owed: Owed, policy: Policy, until: datetime) -> Iterator[tuple[Rung, str, datetime]]:
    """Each rung with the moment at which it is reached, whatever the hour; the last ones again until the end."""
    last = owed.due_at
    for rung in sorted(policy.ladder, key=lambda one: one.place):
        if rung.kind is RungKind.EVERY_DAYS:
            for turn in count(1):
                moment = last + timedelta(days=rung.amount) * turn
                if moment > until:
                    return
                yield rung, f"{rung.name}:{turn}", moment
        elif rung.kind is RungKind.BEFORE_DUE:
            if owed.has_warning:
                yield rung, rung.name, _share_of_time(owed, rung.amount, policy)
        else:
            days = rung.amount if rung.kind is RungKind.WORKING_DAYS else 0
            reached = plus_working_days(owed.due_at, days, policy.office.calendar) if days else owed.due_at
            if reached is not None:
                last = reached
                yield rung, rung.name, reached if days or owed.since is None else max(reached, owed.since)


def _share_of_time(owed: Owed, percent: int, policy: Policy) -> datetime:
    if counted(policy, owed.target) is Counted.ELAPSED:
        return owed.started_at + (owed.due_at - owed.started_at) * percent / 100
    calendar = policy.office.calendar
    whole = working_time_between(owed.started_at, owed.due_at, calendar)
    return due_at(owed.started_at, whole * percent / 100, calendar)


def _receivers(rung: Rung, owed: Owed, facts: Facts) -> Sequence[Receiver]:
    found: dict[str, Receiver] = {}
    for role in rung.asks:
        for receiver in owed.owners if role is Asked.OWNER else facts.asked.get(role, ()):
            found.setdefault(receiver.id, receiver)
    return list(found.values())


def _together(steps: Iterator[Nudge]) -> list[Nudge]:
    """The highest of those that reach somebody at the same moment, with the others in it."""
    found: dict[tuple[str, datetime], Nudge] = {}
    for one in steps:
        lower = found.get((one.to, one.at))
        if lower:
            first = min(lower.reached_at or lower.at, one.reached_at or one.at)
            one = replace(one, covers=(*lower.covers, lower.step), reached_at=first)  # noqa: PLW2901
        found[one.to, one.at] = one
    return list(found.values())

"""Reminders: who gets one, and when, until the pending target is met, waived or extended.

:func:`plan_reminders` gives every reminder that is still to be sent, from what was sent and when the plan was last
made. The caller makes the plan again when a reminder is due, from facts that it reads again: what is no longer in the
plan then is not sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from domain.escalation.policy import Counted, Policy, Recipient, Step, StepKind, counted
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


HORIZON = timedelta(days=30)
"""How far after the last due time reminders are planned."""
LOOKS_AHEAD = timedelta(days=60)


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
class PendingTarget:
    """Something that is due, and the people who have to do it. ``target`` is a timing target's name, or one of those
    above.

    ``due_at`` is the current due time: an extension starts again at the first step. ``since`` is when it became the due
    time. If it was past due by then, the reminder at the due time is sent at ``since``, and those of other steps before
    ``since`` are not sent. ``looked_at`` is :attr:`ReminderFacts.looked_at` for this target alone.
    """

    target: str
    started_at: datetime
    due_at: datetime
    owners: tuple[Receiver, ...]
    is_settled: bool = False
    has_warning: bool = True
    """False: nobody is reminded before it is due."""
    since: datetime | None = None
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentStep:
    """A step whose reminder was sent, alone or as part of a later step's."""

    target: str
    due_at: datetime
    occurrence: str
    to: str


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """As they are ``now``. Steps that were reached before ``looked_at`` were handled then; it is None if no plan was
    made before. :func:`looked_until` gives the next one.

    ``until`` ends the plan, since the last step may repeat forever. ``is_over``: archived or deleted.
    """

    now: datetime
    until: datetime
    pending: tuple[PendingTarget, ...]
    receivers: Mapping[Recipient, tuple[Receiver, ...]]
    is_over: bool = False
    looked_at: datetime | None = None
    sent: frozenset[SentStep] = frozenset()


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message.

    ``occurrence`` tells repetitions of a step apart. ``covers`` are the occurrences of lower steps that the message
    includes, since theirs would arrive at the same moment. ``reached_at`` is when the first of them was reached, in or
    out of working hours.
    """

    at: datetime
    target: str
    step: str
    occurrence: str
    to: str
    channel: Channel
    due_at: datetime
    covers: tuple[str, ...] = field(default=())
    reached_at: datetime | None = None

    def sent(self) -> frozenset[SentStep]:
        """What to record once it is sent."""
        return frozenset(SentStep(self.target, self.due_at, one, self.to) for one in (self.occurrence, *self.covers))


def plan_reminders(facts: ReminderFacts, policy: Policy, calendars: Mapping[str, Calendar]) -> list[Reminder]:
    """Everything still to be sent until ``facts.until``, in order; what is planned at or before ``facts.now`` is due.

    Each step is sent once, in its receiver's working hours: ``calendars`` by receiver, else the policy's own. Steps
    that were reached while no plan was made, or outside of working hours, are sent as one message, that of the highest.
    """
    if facts.is_over:
        return []
    found: list[Reminder] = []
    for pending in facts.pending:
        if not pending.is_settled:
            found += _merged(_reminders(pending, facts, policy, calendars))
    return sorted(found, key=lambda one: (one.at, one.due_at, one.target, one.to))


def reminder_key(subject_id: str, target: str, due_at: datetime, occurrence: str = "") -> str:
    """The deduplication key of one reminder; without an occurrence, the prefix of all about that due time."""
    return f"{subject_id}:{target}:{due_at.isoformat()}:{occurrence}"


def planned_until(now: datetime, due: Iterable[datetime]) -> datetime:
    """How far reminders are planned; the workflow looks again then.

    A due time that is far away waits for a later look: what is late already would else be planned week by week until
    then, for each receiver.
    """
    return min(max([now, *due]), now + LOOKS_AHEAD) + HORIZON


def looked_until(reminders: Sequence[Reminder], now: datetime) -> datetime:
    """The next ``looked_at``, once what is due ``now`` was sent: early enough to include what was reached but waits for
    its receiver's working hours."""
    waiting = [one.reached_at for one in reminders if one.at > now and one.reached_at and one.reached_at <= now]
    return min(waiting, default=now)


def stale_draft(edited_at: datetime, policy: Policy, owners: tuple[Receiver, ...]) -> PendingTarget | None:
    """A draft that nobody edits is due after some days. None if the policy does not remind of it."""
    if policy.stale_after_days is None:
        return None
    due = edited_at + timedelta(days=policy.stale_after_days)
    return PendingTarget(STALE_DRAFT, edited_at, due, owners, has_warning=False)


def _reminders(
    pending: PendingTarget, facts: ReminderFacts, policy: Policy, calendars: Mapping[str, Calendar]
) -> Iterator[Reminder]:
    """In the order of the steps, as each would be sent alone."""
    looked_at = pending.looked_at or pending.since or facts.looked_at
    for step, occurrence, moment in _moments(pending, policy, facts.until):
        if moment > facts.until + _EARLIEST_WARNING or (looked_at is not None and moment < looked_at):
            continue
        for receiver in _receivers(step, pending, facts):
            calendar = calendars.get(receiver.id, policy.office.calendar)
            planned = _planned(step, pending, moment, calendar)
            if planned is None or SentStep(pending.target, pending.due_at, occurrence, receiver.id) in facts.sent:
                continue
            at = planned if planned >= facts.now else next_working_moment(facts.now, calendar)
            if at is not None and at <= facts.until:
                to, channel = receiver.id, receiver.channel
                yield Reminder(
                    at, pending.target, step.name, occurrence, to, channel, pending.due_at, reached_at=moment
                )


def _planned(step: Step, pending: PendingTarget, moment: datetime, calendar: Calendar) -> datetime | None:
    """A warning that would arrive after the due time is sent in the last working hour before it; all others wait."""
    planned = next_working_moment(moment, calendar)
    if step.kind is StepKind.BEFORE_DUE and (planned is None or planned >= pending.due_at):
        return last_working_hour(pending.started_at, moment, calendar) or planned
    return planned


def _moments(pending: PendingTarget, policy: Policy, until: datetime) -> Iterator[tuple[Step, str, datetime]]:
    """Each step with its occurrence and the moment at which it is reached, in or out of working hours; the last step
    repeats until the end."""
    last = pending.due_at
    for step in sorted(policy.steps, key=lambda one: one.order):
        if step.kind is StepKind.EVERY_DAYS:
            for turn in count(1):
                moment = last + timedelta(days=step.amount) * turn
                if moment > until:
                    return
                yield step, f"{step.name}:{turn}", moment
        elif step.kind is StepKind.BEFORE_DUE:
            if pending.has_warning and not _is_far(pending, step.amount, until):
                yield step, step.name, _share_of_time(pending, step.amount, policy)
        else:
            days = step.amount if step.kind is StepKind.WORKING_DAYS else 0
            reached = plus_working_days(pending.due_at, days, policy.office.calendar) if days else pending.due_at
            if reached is not None:
                last = reached
                yield step, step.name, reached if days or pending.since is None else max(reached, pending.since)


_EARLIEST_WARNING = timedelta(days=31)
"""How long before its moment a warning is sent at most: in the last working hour."""
_YEAR = timedelta(days=366)


def _is_far(pending: PendingTarget, percent: int, until: datetime) -> bool:
    """Even half of that share ends after the plan, so working time needn't be counted over years."""
    span = pending.due_at - pending.started_at
    return span > _YEAR and pending.started_at + span * percent / 200 > until + _EARLIEST_WARNING


def _share_of_time(pending: PendingTarget, percent: int, policy: Policy) -> datetime:
    if counted(policy, pending.target) is Counted.ELAPSED:
        return pending.started_at + (pending.due_at - pending.started_at) * percent / 100
    calendar = policy.office.calendar
    whole = working_time_between(pending.started_at, pending.due_at, calendar)
    return due_at(pending.started_at, whole * percent / 100, calendar)


def _receivers(step: Step, pending: PendingTarget, facts: ReminderFacts) -> Sequence[Receiver]:
    found: dict[str, Receiver] = {}
    for role in step.recipients:
        for receiver in pending.owners if role is Recipient.OWNER else facts.receivers.get(role, ()):
            found.setdefault(receiver.id, receiver)
    return list(found.values())


def _merged(reminders: Iterator[Reminder]) -> list[Reminder]:
    """Reminders to one receiver at the same moment become one: that of the highest step, which covers the others."""
    found: dict[tuple[str, datetime], Reminder] = {}
    for one in reminders:
        lower = found.get((one.to, one.at))
        if lower:
            first = min(lower.reached_at or lower.at, one.reached_at or one.at)
            one = replace(one, covers=(*lower.covers, lower.occurrence), reached_at=first)  # noqa: PLW2901
        found[one.to, one.at] = one
    return list(found.values())

"""When somebody may be notified: the times of digests, escalations and weekly summaries.

Reminders are sent as one digest, at most one on each day of the receiver; escalations are sent at once. Both are sent
only in the receiver's working hours and never in their quiet hours. What a person does that addresses the receiver
waits for their quiet hours and absences alone. The caller passes the current time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.people.calendar import DAY_MINUTES, MAX_DAYS_WITHOUT_WORK, Calendar, next_working_moment

PAUSE = timedelta(minutes=1)
"""What a person does is told so long after it, together with what else they did to the same postmortem meanwhile."""
WINDOW = timedelta(minutes=15)
"""Notices that follow the first one within this time go into the same digest."""
_DAY = timedelta(days=1)


class Outcome(StrEnum):
    """How a notice was settled."""

    TOLD = "TOLD"
    READ = "READ"
    """The receiver read it in the inbox before it was sent."""
    DONE = "DONE"
    """What it asked for was done, or is no longer asked for."""
    HIDDEN = "HIDDEN"
    """The receiver may no longer see what it is about."""
    MUTED = "MUTED"
    DELEGATED = "DELEGATED"
    LEFT = "LEFT"
    """The receiver is not active."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """When a receiver may be notified, and when they last were.

    ``calendar`` has working hours, holidays and absences. ``preferred`` and ``quiet`` are minutes of the receiver's
    day; without ``preferred``, a digest is sent as soon as there is one. ``daily`` is false for a team's channel, which
    may get several digests a day. ``planned_at`` is when the next digest was planned for.
    """

    calendar: Calendar
    preferred: int | None = None
    quiet: tuple[int, int] | None = None
    snoozed_until: datetime | None = None
    last_digest_at: datetime | None = None
    last_escalation_at: datetime | None = None
    planned_at: datetime | None = None
    daily: bool = True


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """When a receiver's workflow acts next; without ``at`` it ends. ``digest_at`` is the time of the next digest."""

    at: datetime | None = None
    digest_at: datetime | None = None


def may_deliver(at: datetime, settings: DeliverySettings) -> bool:
    """Whether it is a working hour of the receiver, who is neither away nor has quiet hours."""
    return next_delivery(at, settings) == at.astimezone(UTC)


def next_delivery(at: datetime, settings: DeliverySettings) -> datetime | None:
    """The first instant from ``at`` on at which the receiver may be notified; None if there is none."""
    begin = at.astimezone(UTC)
    for _ in range(2 * MAX_DAYS_WITHOUT_WORK):
        working = next_working_moment(begin, settings.calendar)
        if working is None:
            return None
        begin = _after_quiet(working, settings)
        if begin == working:
            return begin
    return None


def next_direct(since: datetime, now: datetime, settings: DeliverySettings) -> datetime | None:
    """When something that addresses the receiver is told: soon, at any hour that isn't quiet. Whoever is away is told
    when they work again."""
    at = _after_quiet(max(now, since + PAUSE), settings)
    is_away = any((one.start or at) <= at and (one.end is None or at < one.end) for one in settings.calendar.away)
    return next_delivery(at, settings) if is_away else at


def may_deliver_direct(at: datetime, settings: DeliverySettings) -> bool:
    return next_direct(at - PAUSE, at, settings) == at


def next_reminder(since: datetime, now: datetime, settings: DeliverySettings) -> datetime | None:
    """When a reminder is sent that the receiver wants at once: in working hours, and not while they snooze."""
    return next_delivery(max(now, since + PAUSE, settings.snoozed_until or now), settings)


def next_escalation(since: datetime, now: datetime, settings: DeliverySettings) -> datetime | None:
    """At once, in working hours. Escalations that follow within the window are sent together at its end, because after
    an outage many are due in the same minute. A snooze does not delay them."""
    last = settings.last_escalation_at
    return next_delivery(max(since, now, last + WINDOW if last else now), settings)


def next_digest(since: datetime, now: datetime, settings: DeliverySettings) -> datetime | None:
    """When notices that are pending since then are sent: at the end of the window, or at the preferred time of day.

    A digest that was planned but missed, because no worker ran, is sent as soon as possible.
    """
    earliest = max(now, settings.snoozed_until or now)
    zone = ZoneInfo(settings.calendar.zone)
    if settings.daily and settings.last_digest_at is not None:
        last_day = settings.last_digest_at.astimezone(zone).date()
        earliest = max(earliest, datetime.combine(last_day + _DAY, time(), tzinfo=zone).astimezone(UTC))
    planned = settings.planned_at
    is_missed = planned is not None and since <= planned <= now
    if settings.preferred is None or is_missed:
        return next_delivery(max(earliest, since if is_missed else since + WINDOW), settings)
    return _preferred(max(earliest, since), settings.preferred, settings)


def _preferred(since: datetime, minute: int, settings: DeliverySettings) -> datetime | None:
    """That minute of the first day on which it is not over yet, or the first working moment after it.

    On a day without working hours after that minute, it is the first working moment of the day.
    """
    zone = ZoneInfo(settings.calendar.zone)
    day = since.astimezone(zone).date()
    for _ in range(MAX_DAYS_WITHOUT_WORK):
        first = next_delivery(datetime.combine(day, time(), tzinfo=zone).astimezone(UTC), settings)
        if first is None:
            return None
        day = first.astimezone(zone).date()
        wanted = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone).astimezone(UTC)
        found = next_delivery(wanted, settings)
        best = found if found is not None and found.astimezone(zone).date() == day else first
        if best >= since:
            return best
        day += _DAY
    return None


def _after_quiet(at: datetime, settings: DeliverySettings) -> datetime:
    """The end of the quiet hours if ``at`` is within them, otherwise ``at`` itself."""
    if settings.quiet is None or settings.quiet[0] == settings.quiet[1]:
        return at
    begin, end = settings.quiet
    zone = ZoneInfo(settings.calendar.zone)
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    is_quiet = begin <= minute < end if begin < end else minute >= begin or minute < end
    if not is_quiet:
        return at
    day = local.date() + (_DAY if begin > end and minute >= begin else timedelta(0))
    return max(datetime.combine(day, time(end // 60, end % 60), tzinfo=zone).astimezone(UTC), at + timedelta(seconds=1))


def earliest(*instants: datetime | None) -> datetime | None:
    """The earliest of the instants that are not None."""
    known = [one for one in instants if one is not None]
    return min(known) if known else None


def report_at(after: datetime, settings: DeliverySettings) -> datetime | None:
    """The first working moment of the next week in the receiver's time zone."""
    zone = ZoneInfo(settings.calendar.zone)
    local = after.astimezone(zone)
    monday = local.date() + timedelta(days=7 - local.weekday())
    return next_delivery(datetime.combine(monday, time(), tzinfo=zone).astimezone(UTC), settings)


def leaves_time(calendar: Calendar, quiet: tuple[int, int] | None) -> bool:
    """Whether the quiet hours leave any of the working hours."""
    if quiet is None or quiet[0] == quiet[1]:
        return True
    begin, end = quiet
    silent = set(range(begin, end)) if begin < end else {*range(begin, DAY_MINUTES), *range(end)}
    return not set(range(calendar.opens, calendar.closes)) <= silent

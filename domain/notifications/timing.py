"""One voice: when somebody may be spoken to, and what of it is still worth saying.

Reminders come in one digest, at most one for each day of the receiver; escalations come at once. Both only in the
receiver's working hours, never in their quiet hours. All of it is data: whoever asks gives the instant.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.people.calendar import DAY_MINUTES, PATIENCE, Calendar, next_working_moment

WINDOW = timedelta(minutes=15)
"""What comes within this time of the first notice goes into the same digest."""
_DAY = timedelta(days=1)


class Outcome(StrEnum):
    """How a notice was settled."""

    TOLD = "TOLD"
    READ = "READ"
    """In the inbox, before anything else told it."""
    DONE = "DONE"
    """What it asked for was done meanwhile, or nobody owes it any more."""
    HIDDEN = "HIDDEN"
    """The receiver may not see any more what it is about."""
    MUTED = "MUTED"
    DELEGATED = "DELEGATED"
    LEFT = "LEFT"
    """The receiver is not active."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """When a receiver listens. ``calendar`` holds working hours, holidays and absences; minutes are of their own day.

    ``preferred`` None: the digest comes as soon as there is one. ``daily`` false, for a team's channel: as many as
    there are. ``last_digest_at`` is when the last one was made, ``planned_at`` when the next one was to be;
    ``last_escalation_at`` when the last escalation was.
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
class Plan:
    """When a receiver's workflow looks next; ``at`` None: never, so that it ends. ``digest_at`` is the digest's own."""

    at: datetime | None = None
    digest_at: datetime | None = None


def may_speak(at: datetime, hearing: Hearing) -> bool:
    """Working hours, no weekend, no holiday, not away, not quiet."""
    return next_moment(at, hearing) == at.astimezone(UTC)


def next_moment(at: datetime, hearing: Hearing) -> datetime | None:
    """``at`` itself where they may be spoken to; None where that never is."""
    begin = at.astimezone(UTC)
    for _ in range(2 * PATIENCE):
        working = next_working_moment(begin, hearing.calendar)
        if working is None:
            return None
        begin = _after_quiet(working, hearing)
        if begin == working:
            return begin
    return None


def next_escalation(since: datetime, now: datetime, hearing: Hearing) -> datetime | None:
    """At once, in working hours; what follows within the window comes together at its end: after an outage everything
    is due in the same minute. A snooze does not hold it."""
    last = hearing.last_escalation_at
    return next_moment(max(since, now, last + WINDOW if last else now), hearing)


def next_digest(since: datetime, now: datetime, hearing: Hearing) -> datetime | None:
    """When what waits since then is told: once the window is over, or at the preferred hour of a day without one.

    An hour that was planned and then missed, since nothing ran, is made up for as soon as may be.
    """
    earliest = max(now, hearing.snoozed_until or now)
    zone = ZoneInfo(hearing.calendar.zone)
    if hearing.daily and hearing.last_digest_at is not None:
        spoken = hearing.last_digest_at.astimezone(zone).date()
        earliest = max(earliest, datetime.combine(spoken + _DAY, time(), tzinfo=zone).astimezone(UTC))
    planned = hearing.planned_at
    is_missed = planned is not None and since <= planned <= now
    if hearing.preferred is None or is_missed:
        return next_moment(max(earliest, since if is_missed else since + WINDOW), hearing)
    return _preferred(max(earliest, since), hearing.preferred, hearing)


def _preferred(since: datetime, minute: int, hearing: Hearing) -> datetime | None:
    """The first day on which that hour, or the first working moment after it, is not over yet.

    Where they never work after it on that day, it is the first working moment of the day.
    """
    zone = ZoneInfo(hearing.calendar.zone)
    day = since.astimezone(zone).date()
    for _ in range(PATIENCE):
        first = next_moment(datetime.combine(day, time(), tzinfo=zone).astimezone(UTC), hearing)
        if first is None:
            return None
        day = first.astimezone(zone).date()
        wanted = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone).astimezone(UTC)
        found = next_moment(wanted, hearing)
        best = found if found is not None and found.astimezone(zone).date() == day else first
        if best >= since:
            return best
        day += _DAY
    return None


def _after_quiet(at: datetime, hearing: Hearing) -> datetime:
    """``at`` itself outside of quiet hours, else the end of them."""
    if hearing.quiet is None or hearing.quiet[0] == hearing.quiet[1]:
        return at
    begin, end = hearing.quiet
    zone = ZoneInfo(hearing.calendar.zone)
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    is_quiet = begin <= minute < end if begin < end else minute >= begin or minute < end
    if not is_quiet:
        return at
    day = local.date() + (_DAY if begin > end and minute >= begin else timedelta(0))
    return max(datetime.combine(day, time(end // 60, end % 60), tzinfo=zone).astimezone(UTC), at + timedelta(seconds=1))


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of those that there are."""
    known = [one for one in instants if one is not None]
    return min(known) if known else None


def report_at(after: datetime, hearing: Hearing) -> datetime | None:
    """The first working moment of the first week, in that zone, that begins after then."""
    zone = ZoneInfo(hearing.calendar.zone)
    local = after.astimezone(zone)
    monday = local.date() + timedelta(days=7 - local.weekday())
    return next_moment(datetime.combine(monday, time(), tzinfo=zone).astimezone(UTC), hearing)


def leaves_time(calendar: Calendar, quiet: tuple[int, int] | None) -> bool:
    """Whether quiet hours leave anything of the working hours."""
    if quiet is None or quiet[0] == quiet[1]:
        return True
    begin, end = quiet
    silent = set(range(begin, end)) if begin < end else {*range(begin, DAY_MINUTES), *range(end)}
    return not set(range(calendar.opens, calendar.closes)) <= silent

"""When something is due, as people say it: "18 days late", "due Wed". Instants are aware and in the reader's zone."""

from datetime import date, datetime, timedelta

_WEEK = 7


def count_words(count: int, one: str, many: str | None = None) -> str:
    """``1 day``, ``18 days``"""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def lateness(due: date | datetime, now: datetime) -> str:
    """``18 days``, ``3 hours``, ``5 minutes``; empty if it isn't late. An item is late from the day after its due date
    on."""
    if not isinstance(due, datetime):
        return count_words((now.date() - due).days, "day") if due < now.date() else ""
    past = now - due
    if past <= timedelta(0):
        return ""
    if past >= timedelta(days=1):
        return count_words(past.days, "day")
    hours, minutes = past.seconds // 3600, max(1, past.seconds // 60)
    return count_words(hours, "hour") if hours else count_words(minutes, "minute")


def day_words(on: date, today: date) -> str:
    """``today``, ``tomorrow``, ``Wed``, ``Tue, Dec 8``, with the year if it is another one."""
    days = (on - today).days
    if days in {-1, 0, 1}:
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
    if 0 < days < _WEEK:
        return f"{on:%a}"
    return f"{on:%a, %b} {on.day}" + (f", {on:%Y}" if on.year != today.year else "")


def clock_words(at: datetime) -> str:
    """``9:00 AM``"""
    return f"{at.hour % 12 or 12}:{at:%M %p}"


def moment_words(at: datetime, now: datetime) -> str:
    """``today, 9:00 AM``"""
    return f"{day_words(at.date(), now.date())}, {clock_words(at)}"


def due_words(due: date | datetime, now: datetime) -> str:
    """``18 days late``, ``due Wed``, ``due today, 5:00 PM``: the time of day only where it is near."""
    if late := lateness(due, now):
        return f"{late} late"
    if isinstance(due, datetime):
        is_near = (due.date() - now.date()).days <= 1
        return f"due {moment_words(due, now) if is_near else day_words(due.date(), now.date())}"
    return f"due {day_words(due, now.date())}"

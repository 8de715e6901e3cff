"""The words of a notice in the inbox, on one line. Times are in the reader's zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from application.notifications.details import NoticeDetails
from domain.notifications import notices as kinds


def notice_text(details: NoticeDetails, zone: str, now: datetime) -> str:
    """What the notice says, in one sentence; whom it was for at first, if the reader stands in for them."""
    notice = details.notice
    text = kinds.sentence(
        notice.kind,
        title=details.title,
        target=notice.target,
        due=_due(details, zone),
        is_past=details.is_past_due(now),
        detail=details.detail,
        **details.names,
    )
    return f"On behalf of {details.names['person']} (away): {text}" if is_on_behalf(details) else text


def is_on_behalf(details: NoticeDetails) -> bool:
    """The reader stands in for somebody who is away."""
    return details.notice.on_behalf_of_id is not None and not details.notice.kind.startswith("away_")


def instant_text(at: datetime, zone: str) -> str:
    return kinds.instant_words(at.astimezone(ZoneInfo(zone)), zone)


def _due(details: NoticeDetails, zone: str) -> str:
    if details.due_on is not None:
        return kinds.date_words(details.due_on)
    return instant_text(details.due_at, zone) if details.due_at else ""

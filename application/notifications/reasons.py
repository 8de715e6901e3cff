"""Why somebody gets a notice: a sentence at the end of each entry."""

from application.notifications.details import NoticeDetails
from application.notifications.wording import is_on_behalf
from domain.notifications.headlines import Reason, headline_of
from domain.notifications.notices import NoticeKind
from models.queries.notifications.background import REVIEWS, Background

_SAID = {
    Reason.MENTIONED: "you were mentioned",
    Reason.IN_THREAD: "you take part in this thread",
    Reason.ATTENDS: "you are invited",
    Reason.EDITS: "you can edit this postmortem",
}


def reason_of(
    details: NoticeDetails, background: Background, receiver_id: str | None, *, team: str, is_admin: bool
) -> str:
    """Such as ``You get this because you are a reviewer.``; it says so if no person caused it."""
    because = _because(details, background, receiver_id, team=team, is_admin=is_admin)
    notice = details.notice
    if notice.is_escalation:
        return f"Automatic escalation, because {because}."
    if notice.rung is not None:
        return f"Automatic reminder, because {because}."
    return (
        f"You get this because {because}." if details.names.get("actor") else f"Sent automatically, because {because}."
    )


def _because(
    details: NoticeDetails, background: Background, receiver_id: str | None, *, team: str, is_admin: bool
) -> str:
    """By the record: what the receiver is to the item or the postmortem."""
    notice, reason = details.notice, headline_of(details.notice.kind).reason
    item, postmortem = details.item, details.postmortem
    led = background.led.get(notice.postmortem_id or "")
    found: list[tuple[bool, str]] = [
        (receiver_id is None, f"this is the channel of {team}"),
        (is_on_behalf(details), f"you stand in for {details.names.get('person', '')}, who is away"),
        (reason is not Reason.RECORD, _SAID.get(reason, "")),
        (item is not None and item.owner_id == receiver_id, "you own this action item"),
        (item is None and notice.kind in REVIEWS, "you are a reviewer"),
        (postmortem is not None and postmortem.author_id == receiver_id, "you are the author of this postmortem"),
        (led is not None, f"you lead {led}"),
        (details.is_reviewer, "you are a reviewer"),
        (is_admin and notice.kind != NoticeKind.PUBLISHED, "you are an administrator"),
    ]
    return next((words for holds, words in found if holds), "you take part in this postmortem")

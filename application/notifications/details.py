"""Notices with the details that a reader needs, read again: what each is about, and whether it is still relevant."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.access import Viewer
from domain.notifications.relevance import Subjects, settled_outcome
from domain.notifications.timing import Outcome
from models.notification import Notice
from models.queries.notifications.subjects import read_subjects
from models.session import Session


@dataclass(frozen=True, slots=True)
class NoticeDetails:
    """``outcome`` None: still worth sending. ``names`` are those of the people whom its sentence mentions."""

    notice: Notice
    outcome: Outcome | None
    title: str
    due_at: datetime | None = None
    due_on: date | None = None
    detail: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def is_past_due(self, now: datetime) -> bool:
        """The instant at which it was due has passed."""
        return self.due_at is not None and self.due_at <= now


async def read_details(
    session: Session,
    notices: Sequence[Notice],
    now: datetime,
    *,
    viewer: Viewer | None,
    team_id: str | None,
    muted_kinds: Collection[str] = (),
) -> list[NoticeDetails]:
    """In the order of ``notices``. Exactly one of ``viewer`` and ``team_id`` is given: the receiver."""
    if not notices:
        return []
    subjects = await read_subjects(session, notices, now, viewer=viewer, team_id=team_id, muted_kinds=muted_kinds)
    return [_details(one, subjects) for one in notices]


def settle_outdated(details: Sequence[NoticeDetails], now: datetime) -> list[NoticeDetails]:
    """Settles the notices that are not worth sending any more, and returns the others."""
    for one in details:
        if one.outcome is not None:
            one.notice.settled_at, one.notice.outcome = now, one.outcome.value
    return [one for one in details if one.outcome is None]


def _details(notice: Notice, subjects: Subjects) -> NoticeDetails:
    item = subjects.items.get(notice.action_item_id or "")
    target = subjects.targets.get((notice.postmortem_id or "", notice.target or ""))
    meeting = subjects.meetings.get(notice.meeting_id or "")
    actor = subjects.person(notice.actor_id)
    away = subjects.person(notice.on_behalf_of_id)
    delegate = subjects.person(away.delegate_id) if away else None
    return NoticeDetails(
        notice,
        settled_outcome(notice, subjects),
        title=_title(notice, subjects),
        due_at=(target.extended_to or target.due_at) if target else meeting.starts_at if meeting else None,
        due_on=item.due_on if item else None,
        detail=_detail(notice, subjects),
        names={
            "person": away.name if away else "",
            "delegate": delegate.name if delegate else "",
            "actor": actor.name if actor else "",
        },
    )


def _detail(notice: Notice, subjects: Subjects) -> str:
    if news := subjects.news.get(notice.postmortem_id or ""):
        return news.words
    connection = subjects.connections.get(notice.integration_id or "")
    return (connection.needs_attention or "") if connection else "changed, and the postmortem says the same again"


def _title(notice: Notice, subjects: Subjects) -> str:
    if item := subjects.items.get(notice.action_item_id or ""):
        return item.description
    if postmortem := subjects.postmortems.get(notice.postmortem_id or ""):
        return postmortem.title
    if connection := subjects.connections.get(notice.integration_id or ""):
        return connection.name
    team = subjects.teams.get(notice.about_team_id or "")
    return team.name if team else ""

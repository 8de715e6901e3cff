"""Notices with the details that a reader needs, read again: what each is about, and whether it is still relevant."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

from domain.access import Viewer
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.notifications.relevance import (
    ActionItemFacts,
    MeetingFacts,
    Subjects,
    TargetFacts,
    is_awaiting_review,
    settled_outcome,
)
from domain.notifications.timing import Outcome
from domain.postmortems.lifecycle import Status
from models.notification import Notice
from models.postmortem import Postmortem
from models.queries.notifications.background import REVIEWS
from models.queries.notifications.subjects import read_subjects
from models.session import Session


@dataclass(frozen=True, slots=True)
class NoticeDetails:
    """``outcome`` None: still worth sending. ``names`` are those of the people whom its sentence mentions.

    ``postmortem`` is None if the receiver may not see it. ``owner`` is who has to do it: the active owner of the item
    or author of the postmortem, or "". ``is_reviewer``: the receiver reviews the postmortem. ``awaited`` are the active
    reviewers who have not approved yet, and ``edited_at`` is when somebody last edited a stale draft.
    """

    notice: Notice
    outcome: Outcome | None
    title: str
    due_at: datetime | None = None
    due_on: date | None = None
    detail: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    postmortem: Postmortem | None = None
    item: ActionItemFacts | None = None
    target: TargetFacts | None = None
    meeting: MeetingFacts | None = None
    owner: str = ""
    is_reviewer: bool = False
    awaited: Sequence[str] = ()
    edited_at: datetime | None = None

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
    return [details_of(one, subjects) for one in notices]


def settle_outdated(details: Sequence[NoticeDetails], now: datetime) -> list[NoticeDetails]:
    """Settles the notices that are not worth sending any more, and returns the others."""
    for one in details:
        if one.outcome is not None:
            one.notice.settled_at, one.notice.outcome = now, one.outcome.value
    return [one for one in details if one.outcome is None]


def details_of(notice: Notice, subjects: Subjects) -> NoticeDetails:
    item = subjects.items.get(notice.action_item_id or "")
    target = subjects.targets.get((notice.postmortem_id or "", notice.target or _target_of(notice.kind)))
    if target is not None and notice.target is None and (target.met_at or target.waived_at):
        target = None
    meeting = subjects.meetings.get(notice.meeting_id or "")
    actor = subjects.person(notice.actor_id)
    away = subjects.person(notice.on_behalf_of_id)
    delegate = subjects.person(away.delegate_id) if away else None
    postmortem = subjects.postmortems.get(notice.postmortem_id or "")
    owner_id = item.owner_id if item else postmortem.author_id if postmortem else None
    owner = subjects.person(owner_id)
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
        postmortem=cast("Postmortem | None", postmortem),
        item=item,
        target=target,
        meeting=meeting,
        owner=owner.name if owner and owner.is_active else "",
        is_reviewer=(notice.postmortem_id or "", subjects.receiver_id) in subjects.reviewers,
        edited_at=subjects.edited_at.get(notice.postmortem_id or ""),
        awaited=_awaited(notice, subjects) if _is_about_reviewers(notice) else (),
    )


def _target_of(kind: str) -> str:
    """The target that a request for a review is about."""
    return TargetName.REVIEW_COMPLETED if kind in REVIEWS else ""


def _is_about_reviewers(notice: Notice) -> bool:
    return notice.kind == NoticeKind.REVIEW_AWAITED or notice.target == TargetName.REVIEW_COMPLETED


def _awaited(notice: Notice, subjects: Subjects) -> list[str]:
    postmortem = subjects.postmortems.get(notice.postmortem_id or "")
    in_review = postmortem is not None and postmortem.status == Status.IN_REVIEW
    rows = [row for (key, _), row in subjects.reviewers.items() if in_review and key == notice.postmortem_id]
    pending = [one.person_id for one in rows if postmortem and is_awaiting_review(one, postmortem)]
    return sorted(person.name for one in pending if (person := subjects.person(one)) and person.is_active)


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

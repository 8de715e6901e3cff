"""Whether a notice is still worth sending, given what it is about as that is now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.action_items.action_item import ActionItemStatus, LinkState, is_overdue, reminded_from
from domain.escalation.reminders import ACTION_ITEM, reminder_key
from domain.escalation.targets import TargetName
from domain.incidents.news import IncidentNews
from domain.meetings.meeting import MeetingStatus
from domain.notifications.notices import NoticeKind, SettledBy, kind_of
from domain.notifications.timing import Outcome
from domain.people.absence import absence
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision, ReviewerState, reviewer_state

TICKET_STATES = {
    NoticeKind.TICKET_DELETED.value: LinkState.DELETED,
    NoticeKind.TICKET_FORBIDDEN.value: LinkState.FORBIDDEN,
}
WHILE = {SettledBy.RESUBMISSION: Status.DRAFT, SettledBy.END_OF_REVIEW: Status.IN_REVIEW}
"""What needs doing while the postmortem has this status."""

PENDING_FOR_AUTHORS = {SettledBy.TARGET, SettledBy.EDIT}


class NoticeFacts(Protocol):
    """``on_behalf_of_id`` is away, and the receiver stands in for them."""

    @property
    def kind(self) -> str: ...
    @property
    def rung(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def dedupe_key(self) -> str: ...
    @property
    def is_escalation(self) -> bool: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def read_at(self) -> datetime | None: ...
    @property
    def postmortem_id(self) -> str | None: ...
    @property
    def action_item_id(self) -> str | None: ...
    @property
    def comment_id(self) -> str | None: ...
    @property
    def integration_id(self) -> str | None: ...
    @property
    def about_team_id(self) -> str | None: ...
    @property
    def meeting_id(self) -> str | None: ...
    @property
    def on_behalf_of_id(self) -> str | None: ...


class PostmortemFacts(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def author_id(self) -> str | None: ...
    @property
    def content_revision(self) -> int: ...
    @property
    def duration_minutes(self) -> int | None: ...


class ReviewerFacts(Protocol):
    @property
    def person_id(self) -> str: ...
    @property
    def decision(self) -> str | None: ...
    @property
    def decided_revision(self) -> int | None: ...
    @property
    def waived_at(self) -> datetime | None: ...


class TargetFacts(Protocol):
    @property
    def reason(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def extended_to(self) -> datetime | None: ...
    @property
    def met_at(self) -> datetime | None: ...
    @property
    def waived_at(self) -> datetime | None: ...


class ActionItemFacts(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def postmortem_id(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def owner_id(self) -> str | None: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def priority(self) -> str: ...
    @property
    def snoozed_until(self) -> datetime | None: ...


class PersonFacts(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def away_from(self) -> datetime | None: ...
    @property
    def away_until(self) -> datetime | None: ...
    @property
    def delegate_id(self) -> str | None: ...


class TeamFacts(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def lead_id(self) -> str | None: ...


class MeetingFacts(Protocol):
    @property
    def status(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def location(self) -> str | None: ...
    @property
    def remote_id(self) -> str | None: ...


class ConnectionFacts(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def needs_attention(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Subjects:
    """What some notices of one receiver are about, by id. ``postmortems`` has only those that the receiver may see.

    ``targets`` is keyed by postmortem and name, ``reviewers`` by postmortem and person. ``threads`` says of a comment
    whether its thread is resolved, ``edited_at`` when somebody last edited a postmortem's text. ``news`` is what a
    postmortem's incidents report otherwise than it says; the targets of those in ``resting`` rest.
    ``broken_tickets`` are the states of an item's ticket links that do not work.
    """

    receiver_id: str
    postmortems: Mapping[str, PostmortemFacts]
    items: Mapping[str, ActionItemFacts]
    targets: Mapping[tuple[str, str], TargetFacts]
    reviewers: Mapping[tuple[str, str], ReviewerFacts]
    threads: Mapping[str, bool]
    edited_at: Mapping[str, datetime]
    news: Mapping[str, IncidentNews]
    resting: Collection[str]
    broken_tickets: Mapping[str, Collection[str]]
    connections: Mapping[str, ConnectionFacts]
    teams: Mapping[str, TeamFacts]
    meetings: Mapping[str, MeetingFacts]
    people: Mapping[str, PersonFacts]
    muted_kinds: Collection[str]
    now: datetime

    def person(self, person_id: str | None) -> PersonFacts | None:
        return self.people.get(person_id or "")

    def is_active(self, person_id: str | None) -> bool:
        person = self.person(person_id)
        return person is not None and person.is_active


def settled_outcome(notice: NoticeFacts, subjects: Subjects) -> Outcome | None:
    """Why the notice is not worth sending any more. None: it still is."""
    postmortem = subjects.postmortems.get(notice.postmortem_id or "")
    item = subjects.items.get(notice.action_item_id or "")
    owns = item is not None and item.owner_id == subjects.receiver_id
    if notice.postmortem_id and postmortem is None and not owns:
        return Outcome.HIDDEN
    if not notice.is_escalation and notice.kind in subjects.muted_kinds:
        return Outcome.MUTED
    if notice.read_at is not None and not notice.is_escalation:
        return Outcome.READ
    if item is not None:
        is_done = _is_item_done(notice, item, subjects)
    elif notice.meeting_id:
        is_done = _is_meeting_done(notice, subjects)
    elif postmortem is not None:
        is_done = _is_postmortem_done(notice, postmortem, subjects)
    elif notice.about_team_id:
        is_done = _is_team_done(notice, subjects)
    else:
        is_done = _is_connection_done(notice, subjects)
    return Outcome.DONE if is_done else None


def _is_item_done(notice: NoticeFacts, item: ActionItemFacts, subjects: Subjects) -> bool:
    status = ActionItemStatus(item.status)
    rule = kind_of(notice.kind).settled_by
    if rule is SettledBy.NEW_OWNER:
        return status.is_settled or subjects.is_active(item.owner_id)
    if rule is SettledBy.TICKET:
        broken = subjects.broken_tickets.get(item.id, ())
        return TICKET_STATES[notice.kind] not in broken
    if rule is not SettledBy.ITEM:
        return False
    postmortem = subjects.postmortems.get(item.postmortem_id)
    author_id = postmortem.author_id if postmortem and notice.kind != NoticeKind.ACTION_ITEM_ASSIGNED else None
    if _was_passed_on(notice, item.owner_id, subjects, author_id):
        return True
    is_moved = notice.kind == NoticeKind.ACTION_ITEM_OVERDUE and not is_overdue(status, item.due_on, subjects.now)
    is_moved = is_moved or (notice.kind == NoticeKind.ACTION_ITEM_DUE and item.due_on is None)
    if item.due_on is not None:
        due_at = reminded_from(item.due_on, item.snoozed_until)
        is_moved = is_moved or _is_for_another_due_time(notice, item.id, ACTION_ITEM, due_at)
    is_snoozed = item.snoozed_until is not None and item.snoozed_until > subjects.now
    return status.is_settled or is_moved or is_snoozed


def _is_connection_done(notice: NoticeFacts, subjects: Subjects) -> bool:
    connection = subjects.connections.get(notice.integration_id or "")
    works = connection is None or connection.needs_attention is None
    return works and kind_of(notice.kind).settled_by is SettledBy.RECOVERY


def _is_team_done(notice: NoticeFacts, subjects: Subjects) -> bool:
    """The team has a lead by now."""
    team = subjects.teams.get(notice.about_team_id or "")
    return team is not None and subjects.is_active(team.lead_id)


def _is_postmortem_done(notice: NoticeFacts, postmortem: PostmortemFacts, subjects: Subjects) -> bool:
    if postmortem.status == Status.ARCHIVED:
        return True
    rule = kind_of(notice.kind).settled_by
    if rule is SettledBy.THREAD and notice.comment_id and subjects.threads.get(notice.comment_id, True):
        return True
    is_reviewer = (postmortem.id, _first_receiver(notice, subjects)) in subjects.reviewers
    if rule in PENDING_FOR_AUTHORS and not is_reviewer and _was_passed_on(notice, postmortem.author_id, subjects):
        return True
    match rule:
        case SettledBy.REVIEW:
            is_done = not _is_review_pending(notice, postmortem, subjects)
        case SettledBy.TARGET:
            is_done = _is_target_done(notice, postmortem, subjects)
        case SettledBy.EDIT:
            edited_at = subjects.edited_at.get(postmortem.id, notice.created_at)
            is_done = postmortem.status != Status.DRAFT or edited_at > notice.created_at
        case SettledBy.INCIDENT_TIMES:
            is_done = postmortem.id not in subjects.news
        case SettledBy.RESUBMISSION | SettledBy.END_OF_REVIEW:
            is_done = postmortem.status != WHILE[rule]
        case SettledBy.NEW_AUTHOR:
            is_done = subjects.is_active(postmortem.author_id)
        case SettledBy.NEW_REVIEWER:
            theirs = [person_id for key, person_id in subjects.reviewers if key == postmortem.id]
            is_done = all(subjects.is_active(one) for one in theirs)
        case SettledBy.RETURN:
            away = subjects.person(notice.on_behalf_of_id)
            is_done = (
                away is not None and absence(away.is_active, away.away_from, away.away_until, subjects.now) is None
            )
        case _:
            is_done = False
    return is_done


def _is_meeting_done(notice: NoticeFacts, subjects: Subjects) -> bool:
    """The occasion of a notice names the time that it is about."""
    rule = kind_of(notice.kind).settled_by
    meeting = subjects.meetings.get(notice.meeting_id or "")
    if meeting is None or meeting.status != MeetingStatus.SCHEDULED.value:
        return True
    if rule is SettledBy.WORD_ON_MEETING:
        return meeting.starts_at > subjects.now
    if rule is SettledBy.CHANGE_OF_MEETING:
        return meeting.remote_id is not None or meeting.starts_at <= subjects.now
    return meeting.starts_at <= subjects.now or not notice.dedupe_key.endswith(meeting.starts_at.isoformat())


def is_awaiting_review(reviewer: ReviewerFacts, postmortem: PostmortemFacts) -> bool:
    """The reviewer has made no decision on the current text."""
    decision = Decision(reviewer.decision) if reviewer.decision else None
    is_waived = reviewer.waived_at is not None
    state = reviewer_state(decision, reviewer.decided_revision, postmortem.content_revision, is_waived=is_waived)
    return state in {ReviewerState.PENDING, ReviewerState.STALE}


def _is_review_pending(notice: NoticeFacts, postmortem: PostmortemFacts, subjects: Subjects) -> bool:
    """By the reviewer who was notified; by any reviewer if the notice went to someone else."""
    theirs = [row for (key, _), row in subjects.reviewers.items() if key == postmortem.id]
    if notice.kind != NoticeKind.REVIEW_AWAITED:
        theirs = [one for one in theirs if one.person_id == _first_receiver(notice, subjects)]
    is_pending = any(is_awaiting_review(one, postmortem) for one in theirs)
    return postmortem.status == Status.IN_REVIEW and is_pending


def _is_target_done(notice: NoticeFacts, postmortem: PostmortemFacts, subjects: Subjects) -> bool:
    """Met, waived, or due at another time by now; or the receiver has given their review and others have not."""
    target = subjects.targets.get((postmortem.id, notice.target or ""))
    if target is None:
        return False
    if postmortem.id in subjects.resting:
        return True
    if target.met_at is not None or target.waived_at is not None:
        return True
    if _is_for_another_due_time(notice, postmortem.id, target.name, target.extended_to or target.due_at):
        return True
    reviewer = subjects.reviewers.get((postmortem.id, _first_receiver(notice, subjects)))
    is_author = postmortem.author_id == subjects.receiver_id
    if target.name != TargetName.REVIEW_COMPLETED or reviewer is None or is_author:
        return False
    return postmortem.status == Status.IN_REVIEW and not is_awaiting_review(reviewer, postmortem)


def _was_passed_on(
    notice: NoticeFacts, owner_id: str | None, subjects: Subjects, also_notified: str | None = None
) -> bool:
    """The work belongs to another active person by now. Whoever is ``also_notified`` still gets the notice."""
    receivers = {owner_id, also_notified}
    is_other = _first_receiver(notice, subjects) not in receivers
    return subjects.is_active(owner_id) and not notice.is_escalation and is_other


def _first_receiver(notice: NoticeFacts, subjects: Subjects) -> str:
    """Whom the notice was for at first: the person who is away, if the receiver stands in for them."""
    return notice.on_behalf_of_id or subjects.receiver_id


def _is_for_another_due_time(notice: NoticeFacts, subject_id: str, target: str, due_at: datetime) -> bool:
    """The due time has changed since. The escalation steps for the new one send notices of their own."""
    return notice.rung is not None and not notice.dedupe_key.startswith(reminder_key(subject_id, target, due_at))

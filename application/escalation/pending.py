"""What is pending about a postmortem or an action item at one instant: the facts from which reminders are planned."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from application.escalation.participants import participants_of
from domain.action_items.action_item import ActionItemStatus, Priority, reminded_from
from domain.escalation.participants import Participants
from domain.escalation.policy import LOW_PRIORITY_STEPS, Policy, review_time
from domain.escalation.reminders import ACTION_ITEM, COMMENT_THREADS, PENDING_REVIEW, PendingTarget, stale_draft
from domain.escalation.targets import Target, TargetName
from domain.notifications.notices import NoticeKind
from domain.people.calendar import Away, Calendar
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from models.action_item import ActionItem
from models.postmortem import Postmortem
from models.queries.escalation.pending import PendingFacts
from models.queries.postmortems.postmortems import state_of_reviewer

WRITING = (Status.DRAFT.value, Status.IN_REVIEW.value)


@dataclass(frozen=True, slots=True)
class PendingWork:
    """One thing that is pending, and which kind of notice reminds of it.

    ``early_kind`` is that of a reminder before it is due, if it is another one, and ``others_kind`` that of one to a
    person who is not among ``assignees``. ``comment_id`` is the thread that has waited longest.
    """

    target: PendingTarget
    kind: NoticeKind
    comment_id: str | None = None
    early_kind: NoticeKind | None = None
    others_kind: NoticeKind | None = None
    assignees: frozenset[str] = frozenset()

    def kind_for(self, person_id: str, *, early: bool) -> NoticeKind:
        if self.others_kind and person_id not in self.assignees:
            return self.others_kind
        return (self.early_kind if early else None) or self.kind


@dataclass(frozen=True, slots=True)
class Pending:
    """Everything that is pending about one subject.

    ``look_within``: what may become pending without a signal to the workflow (a comment, a draft that nobody edits) is
    due after that time at the earliest; None if nothing may.
    """

    subject_id: str
    postmortem: Postmortem
    item: ActionItem | None
    policy: Policy
    participants: Participants
    calendars: Mapping[str, Calendar]
    work: Sequence[PendingWork]
    look_within: timedelta | None = None


# Of a postmortem


def postmortem_pending(facts: PendingFacts) -> Pending:
    """Its targets, a draft that nobody edits, and reviews and comments that wait. Nothing once it is archived."""
    postmortem, policy = facts.postmortem, facts.policy
    writing = postmortem.status in WRITING
    by_due = sorted(facts.targets, key=lambda one: (one.effective_due_at, one.name))
    targets = by_due if postmortem.status != Status.ARCHIVED and not facts.is_resting else []
    edited_at = _last_edit(facts) if writing else postmortem.created_at
    reviews = _reviews(facts, edited_at) if postmortem.status == Status.IN_REVIEW else {}
    threads = _threads(facts) if writing and policy.stale_after_days is not None else []
    participants = participants_of(facts, [*reviews, *(one.waits_for for one in threads)])
    work = [
        *_pending_targets(postmortem, targets, tuple(reviews), participants),
        *_stale_draft(postmortem, edited_at, policy, participants),
        *_pending_reviews(targets, reviews, policy, participants),
        *_pending_threads(threads, policy, participants),
    ]
    stale = [timedelta(days=policy.stale_after_days)] if policy.stale_after_days else []
    within = min([review_time(policy), *stale]) if writing else None
    return Pending(postmortem.id, postmortem, None, policy, participants, participants.calendars, work, within)


def _pending_targets(
    postmortem: Postmortem, targets: Sequence[Target], reviewers: tuple[str, ...], participants: Participants
) -> Iterator[PendingWork]:
    """A review that was requested belongs to its reviewers; everything else to the author."""
    start = postmortem.incident_resolved_at or postmortem.created_at
    for one in targets:
        in_review = one.name is TargetName.REVIEW_COMPLETED and reviewers
        owners = participants.owners(reviewers if in_review else [postmortem.author_id])
        due = one.effective_due_at
        target = PendingTarget(one.name.value, min(start, due), due, owners, is_settled=one.is_settled)
        yield PendingWork(target, NoticeKind.TARGET_DUE)


def _last_edit(facts: PendingFacts) -> datetime:
    return max(one for one in (facts.edited_at, facts.postmortem.draft_started_at, facts.postmortem.created_at) if one)


def _stale_draft(
    postmortem: Postmortem, edited_at: datetime, policy: Policy, participants: Participants
) -> Iterator[PendingWork]:
    """Only of a draft that was started: its targets remind of one that was not."""
    if postmortem.status == Status.DRAFT and postmortem.draft_started_at is not None:
        target = stale_draft(edited_at, policy, participants.owners([postmortem.author_id]))
        if target:
            yield PendingWork(target, NoticeKind.DRAFT_STALE)


def _reviews(facts: PendingFacts, edited_at: datetime) -> dict[str, datetime]:
    """Reviewers who have not approved the current revision, and since when it waits for them."""
    found, postmortem = {}, facts.postmortem
    for one in facts.reviewers:
        state = state_of_reviewer(one, postmortem)
        if state.is_outstanding:
            requested_at = max(one.added_at, postmortem.submitted_at or one.added_at)
            found[one.person_id] = max(requested_at, edited_at) if state is ReviewerState.STALE else requested_at
    return found


def _pending_reviews(
    targets: Sequence[Target], reviews: Mapping[str, datetime], policy: Policy, participants: Participants
) -> Iterator[PendingWork]:
    """Each reviewer's own time, if no target reminds them: it was met before, or the policy has none."""
    review = next((one for one in targets if one.name is TargetName.REVIEW_COMPLETED), None)
    if review is not None and (review.waived_at is not None or not review.is_settled):
        return
    by_instant: dict[datetime, list[str]] = {}
    for person_id, requested_at in reviews.items():
        by_instant.setdefault(requested_at, []).append(person_id)
    for requested_at, person_ids in by_instant.items():
        due = requested_at + review_time(policy)
        target = PendingTarget(PENDING_REVIEW, requested_at, due, participants.owners(person_ids))
        yield PendingWork(
            target, NoticeKind.REVIEW_PENDING, others_kind=NoticeKind.REVIEW_AWAITED, assignees=frozenset(person_ids)
        )


@dataclass(frozen=True, slots=True)
class WaitingThread:
    id: str
    waits_since: datetime
    waits_for: str | None


def _threads(facts: PendingFacts) -> list[WaitingThread]:
    """Unresolved ones, the longest-waiting first. A thread waits for the postmortem's author, or, if the author wrote
    last, for the person who started it."""
    author = facts.postmortem.author_id
    found = [
        WaitingThread(
            one.id,
            one.answered_at or one.started_at,
            one.started_by if author in {one.answered_by or one.started_by} else author,
        )
        for one in facts.threads
    ]
    return sorted(found, key=lambda one: (one.waits_since, one.id))


def _pending_threads(
    threads: Sequence[WaitingThread], policy: Policy, participants: Participants
) -> Iterator[PendingWork]:
    """Threads that wait for the same person are one thing, due when the first of them has waited as long as a draft
    may: thirty comments lead to one reminder."""
    seen: set[str] = set()
    for one in threads:
        owners = participants.owners([one.waits_for])
        key = owners[0].id if owners else ""
        if key in seen or policy.stale_after_days is None:
            continue
        seen.add(key)
        due = one.waits_since + timedelta(days=policy.stale_after_days)
        target = PendingTarget(COMMENT_THREADS, one.waits_since, due, owners, has_warning=False)
        yield PendingWork(target, NoticeKind.THREADS_UNRESOLVED, one.id)


# Of an action item


def item_pending(facts: PendingFacts, item: ActionItem) -> Pending:
    """It is due at the end of its day, or when its snooze ends, whichever is later."""
    postmortem, policy = facts.postmortem, facts.policy
    if item.priority == Priority.LOW and policy.steps:
        policy = replace(policy, steps=LOW_PRIORITY_STEPS)
    participants = participants_of(facts, owner_id=item.owner_id)
    settled = ActionItemStatus(item.status).is_settled or postmortem.status == Status.ARCHIVED
    work, calendars = [], participants.calendars
    if item.due_on is not None:
        due = reminded_from(item.due_on, item.snoozed_until)
        if item.snoozed_until is not None:
            calendars = {one: _snoozed(calendar, item.snoozed_until) for one, calendar in calendars.items()}
        owners = participants.owners([item.owner_id])
        target = PendingTarget(ACTION_ITEM, min(item.created_at, due), due, owners, is_settled=settled)
        work = [PendingWork(target, NoticeKind.ACTION_ITEM_OVERDUE, early_kind=NoticeKind.ACTION_ITEM_DUE)]
    return Pending(item.id, postmortem, item, policy, participants, calendars, work)


def _snoozed(calendar: Calendar, until: datetime) -> Calendar:
    """Nobody is reminded of a snoozed item before its snooze ends."""
    return replace(calendar, away=(*calendar.away, Away(None, until)))

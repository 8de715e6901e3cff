"""What is owed about a postmortem, or is an action item's, at one instant: the facts that the ladder asks for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.action_items.action_item import ActionItemStatus, Priority, asked_from
from domain.escalation.plan import ACTION_ITEM, COMMENT_THREADS, PENDING_REVIEW, Owed, stale_draft
from domain.escalation.policy import LOW_LADDER, Policy, review_time
from domain.escalation.targets import Target, TargetName
from domain.people.calendar import Away, Calendar
from domain.postmortems.lifecycle import ReviewerState, Status
from models.action_item import ActionItem
from models.postmortem import Comment, Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.escalation.participants import Cast, read_cast
from models.queries.escalation.policies import content_of, get_policy
from models.queries.postmortems.postmortems import state_of, unresolved_threads
from models.section import Section

WRITING = (Status.DRAFT.value, Status.IN_REVIEW.value)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that is owed. ``kind`` is the notice's, ``early_kind`` that of one before it is due, if it is another,
    ``others_kind`` that of one to somebody who is none of ``theirs``; ``comment_id`` the thread that has rested for
    longest."""

    owed: Owed
    kind: str
    comment_id: str | None = None
    early_kind: str | None = None
    others_kind: str | None = None
    theirs: frozenset[str] = frozenset()

    def kind_for(self, person_id: str, *, early: bool) -> str:
        if self.others_kind and person_id not in self.theirs:
            return self.others_kind
        return (self.early_kind if early else None) or self.kind


@dataclass(frozen=True, slots=True)
class Debt:
    """Everything that is owed about one subject. ``look_within``: what may come to be owed without its workflow being
    told (a comment, a draft that rests) is due after that time at the earliest; None where nothing may."""

    subject_id: str
    postmortem: Postmortem
    item: ActionItem | None
    policy: Policy
    cast: Cast
    calendars: Mapping[str, Calendar]
    things: Sequence[Thing]
    look_within: timedelta | None = None


async def read_debt(session: AsyncSession, postmortem: Postmortem) -> Debt:
    """Of a postmortem: its targets, a draft that rests, reviews and comments that wait. Nothing once it is archived."""
    policy = content_of(await get_policy(session, postmortem.policy_id, postmortem.policy_version))
    writing = postmortem.status in WRITING
    targets = await _targets(session, postmortem) if postmortem.status != Status.ARCHIVED else []
    edited_at = await _last_edit(session, postmortem) if writing else postmortem.created_at
    reviews = await _waiting(session, postmortem, edited_at) if postmortem.status == Status.IN_REVIEW else {}
    threads = await _threads(session, postmortem) if writing and policy.stale_after_days is not None else []
    others = [*reviews, *(one.waits_for for one in threads)]
    cast = await read_cast(session, postmortem, policy.office, others)
    things = [
        *_owed_targets(postmortem, targets, tuple(reviews), cast),
        *_stale(postmortem, edited_at, policy, cast),
        *_owed_reviews(targets, reviews, policy, cast),
        *_owed_threads(threads, policy, cast),
    ]
    resting = [timedelta(days=policy.stale_after_days)] if policy.stale_after_days else []
    within = min([review_time(policy), *resting]) if writing else None
    return Debt(postmortem.id, postmortem, None, policy, cast, cast.calendars, things, within)


async def _targets(session: AsyncSession, postmortem: Postmortem) -> list[Target]:
    statement = select(PostmortemTarget).where(PostmortemTarget.postmortem_id == postmortem.id)
    rows = (await session.execute(statement.execution_options(populate_existing=True))).scalars()
    found = [Target(TargetName(row.name), row.due_at, row.extended_to, row.met_at, row.waived_at) for row in rows]
    return sorted(found, key=lambda one: (one.effective_due_at, one.name))


def _owed_targets(
    postmortem: Postmortem, targets: Sequence[Target], waiting: tuple[str, ...], cast: Cast
) -> Iterator[Thing]:
    """Reviewers owe a review that was asked for; everything else is the author's."""
    start = postmortem.incident_resolved_at or postmortem.created_at
    for one in targets:
        reviewing = one.name is TargetName.REVIEW_COMPLETED and waiting
        owners = cast.owners(waiting if reviewing else [postmortem.author_id])
        due = one.effective_due_at
        yield Thing(Owed(one.name.value, min(start, due), due, owners, is_settled=one.is_settled), "target_due")


async def _last_edit(session: AsyncSession, postmortem: Postmortem) -> datetime:
    statement = select(func.max(Section.updated_at)).where(
        Section.postmortem_id == postmortem.id, Section.updated_by.is_not(None)
    )
    written = (await session.execute(statement)).scalar_one_or_none()
    return max(one for one in (written, postmortem.draft_started_at, postmortem.created_at) if one)


def _stale(postmortem: Postmortem, edited_at: datetime, policy: Policy, cast: Cast) -> Iterator[Thing]:
    """A draft that nobody began is asked for by its targets alone."""
    if postmortem.status == Status.DRAFT and postmortem.draft_started_at is not None:
        owed = stale_draft(edited_at, policy, cast.owners([postmortem.author_id]))
        if owed:
            yield Thing(owed, "draft_stale")


async def _waiting(session: AsyncSession, postmortem: Postmortem, edited_at: datetime) -> dict[str, datetime]:
    """Reviewers who have not decided on what is there now, and since when it is with them."""
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == postmortem.id)
    found = {}
    rows = await session.execute(statement.order_by(PostmortemReviewer.person_id).execution_options(**_FRESH))
    for one in rows.scalars():
        state = state_of(one, postmortem)
        if state is not ReviewerState.APPROVED:
            asked_at = max(one.added_at, postmortem.submitted_at or one.added_at)
            found[one.person_id] = max(asked_at, edited_at) if state is ReviewerState.STALE else asked_at
    return found


_FRESH = {"populate_existing": True}


def _owed_reviews(
    targets: Sequence[Target], waiting: Mapping[str, datetime], policy: Policy, cast: Cast
) -> Iterator[Thing]:
    """Each reviewer's own time, where the target does not ask them: it was met before, or the policy has none."""
    review = next((one for one in targets if one.name is TargetName.REVIEW_COMPLETED), None)
    if review is not None and (review.waived_at is not None or not review.is_settled):
        return
    by_instant: dict[datetime, list[str]] = {}
    for person_id, asked_at in waiting.items():
        by_instant.setdefault(asked_at, []).append(person_id)
    for asked_at, person_ids in by_instant.items():
        due = asked_at + review_time(policy)
        owed = Owed(PENDING_REVIEW, asked_at, due, cast.owners(person_ids))
        yield Thing(owed, "review_pending", others_kind="review_awaited", theirs=frozenset(person_ids))


@dataclass(frozen=True, slots=True)
class Thread:
    id: str
    rests_since: datetime
    waits_for: str | None


async def _threads(session: AsyncSession, postmortem: Postmortem) -> list[Thread]:
    """Unresolved ones, the longest-resting first. One waits for the postmortem's author, or, where the author spoke
    last, for whoever began it."""
    answer = aliased(Comment)
    last = (
        select(answer.author_id, answer.created_at)
        .where(answer.parent_id == Comment.id)
        .order_by(answer.created_at.desc(), answer.id.desc())
        .limit(1)
        .lateral("last")
    )
    statement = select(Comment.id, Comment.author_id, Comment.created_at, last.c.author_id, last.c.created_at)
    statement = statement.outerjoin(last, last.c.author_id.is_not(None))
    rows = (await session.execute(statement.where(Comment.postmortem_id == postmortem.id, *unresolved_threads()))).all()
    author = postmortem.author_id
    found = [
        Thread(root, said_at or begun_at, begun_by if author in {said_by or begun_by} else author)
        for root, begun_by, begun_at, said_by, said_at in rows
    ]
    return sorted(found, key=lambda one: (one.rests_since, one.id))


def _owed_threads(threads: Sequence[Thread], policy: Policy, cast: Cast) -> Iterator[Thing]:
    """Those that wait for the same person are one thing, due when the first of them has rested for as long as a draft
    may: thirty comments are one question."""
    seen: set[str] = set()
    for one in threads:
        owners = cast.owners([one.waits_for])
        key = owners[0].id if owners else ""
        if key in seen or policy.stale_after_days is None:
            continue
        seen.add(key)
        due = one.rests_since + timedelta(days=policy.stale_after_days)
        owed = Owed(COMMENT_THREADS, one.rests_since, due, owners, has_warning=False)
        yield Thing(owed, "threads_unresolved", one.id)


async def read_item_debt(session: AsyncSession, item: ActionItem) -> Debt:
    """Of an action item: it is due at the end of its day, or when its snooze ends, whichever is later."""
    postmortem = await session.get_one(Postmortem, item.postmortem_id)
    policy = content_of(await get_policy(session, postmortem.policy_id, postmortem.policy_version))
    if item.priority == Priority.LOW and policy.ladder:
        policy = replace(policy, ladder=LOW_LADDER)
    cast = await read_cast(session, postmortem, policy.office, owner_id=item.owner_id)
    settled = ActionItemStatus(item.status).is_settled or postmortem.status == Status.ARCHIVED
    things, calendars = [], cast.calendars
    if item.due_on is not None:
        due = asked_from(item.due_on, item.snoozed_until)
        if item.snoozed_until is not None:
            calendars = {one: _snoozed(calendar, item.snoozed_until) for one, calendar in calendars.items()}
        owners = cast.owners([item.owner_id])
        owed = Owed(ACTION_ITEM, min(item.created_at, due), due, owners, is_settled=settled)
        things = [Thing(owed, "action_item_overdue", early_kind="action_item_due")]
    return Debt(item.id, postmortem, item, policy, cast, calendars, things)


def _snoozed(calendar: Calendar, until: datetime) -> Calendar:
    """For a snoozed item nobody is at work before its snooze ends."""
    return replace(calendar, away=(*calendar.away, Away(None, until)))

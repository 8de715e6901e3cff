"""Commands on a postmortem: what each may refuse, and what each writes. One command, one transaction.

``check`` refuses; the front door asks it first, cheaply; ``commit`` asks again under the row's lock, and writes.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from application.comments.writing import NewComment, add_comment
from domain import access
from domain.access import Relation, Verb, Viewer
from domain.comments.comment import CommentKind
from domain.content.custom_fields import missing_fields
from domain.content.templates import missing_sections
from domain.errors import AlreadyReviewer, AuthorCannotReview, IllegalTransition, NobodyToAdd, NotFound
from domain.escalation import targets
from domain.escalation.deadlines import Alarm, Deadline
from domain.escalation.targets import Target, TargetName
from domain.postmortems import lifecycle
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from domain.postmortems.lifecycle import Status, Transition
from domain.postmortems.snapshots import PostmortemSnapshot
from domain.review.readiness import ReadinessFacts, publish_reasons
from domain.review.reviewers import Decision, ReviewerState
from models.action_item import ActionItem
from models.base import new_id
from models.escalation import LadderAlarm
from models.policy import Policy
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemReviewer,
    PostmortemTarget,
    PostmortemTeam,
    Review,
    TimelineEvent,
)
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.audit.command_log import take_arguments
from models.queries.audit.records import audit, is_committed, log_command
from models.queries.content.sections import find_section_texts
from models.queries.content.templates import get_postmortem_template
from models.queries.escalation.leads import tell_of_slips
from models.queries.escalation.reminders import look_at_postmortem
from models.queries.escalation.targets import meet_targets
from models.queries.notifications.notices import notify, notify_teams
from models.queries.people.people import check_active, find_absences
from models.queries.postmortems.counts import unresolved_threads
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible, state_of

REVIEW_ACTIONS = {PostmortemAction.APPROVE, PostmortemAction.REQUEST_CHANGES}


@dataclass(frozen=True, slots=True)
class Asked:
    """A command in its transaction: who asks, about which row, with which words."""

    session: AsyncSession
    viewer: Viewer
    seen: VisiblePostmortem
    command: PostmortemCommand
    words: Mapping[str, Any]
    now: datetime

    @property
    def postmortem(self) -> Postmortem:
        return self.seen.postmortem

    @property
    def status(self) -> Status:
        return Status(self.seen.postmortem.status)

    @property
    def comment(self) -> str | None:
        return self.words.get("comment")


async def commit(session: AsyncSession, command: PostmortemCommand, now: datetime) -> PostmortemSnapshot:
    """Carries the command out, unless its request was carried out before; raises the refusal otherwise."""
    if not await is_committed(session, command.postmortem_id, command.request_id, command.fingerprint):
        viewer = await get_viewer_unscoped(session, command.actor_id, command.origin)
        words = await take_arguments(session, command.request_id) if command.has_words else {}
        seen = await get_visible(session, viewer, command.postmortem_id, lock=True)
        asked = Asked(session, viewer, seen, command, words, now)
        await check(asked)
        await _WRITES[command.action](asked)
        log_command(session, command.postmortem_id, command)
        await session.flush()
        await look_at_postmortem(session, command.postmortem_id, now)
    return await snapshot(session, command.postmortem_id)


# Refusals


async def check(asked: Asked) -> None:
    """Raises the refusal of a command that is not possible now. Writes nothing."""
    move = asked.command.action.transition
    if move is not None:
        access.check_transition(move, asked.status, asked.seen.relations)
        lifecycle.apply(asked.status, move, await facts(asked, move))
        await _check_reviewing(asked)
        return
    if asked.command.action is PostmortemAction.DELETE:
        _check_delete(asked)
        return
    verb, check_state = _CHECKS[asked.command.action]
    access.check(verb, asked.status, asked.seen.relations)
    await check_state(asked)


def _check_delete(asked: Asked) -> None:
    access.check(Verb.DELETE, asked.status, asked.seen.relations)
    if asked.status is not Status.DRAFT:
        hint = "You can delete drafts only. Archive a published postmortem instead."
        raise IllegalTransition(move="delete a postmortem", entity="postmortem", status=asked.status, hint=hint)


async def _check_reviewing(asked: Asked) -> None:
    """The author is never asked, and never approves, also where they were a reviewer before."""
    if asked.command.action is PostmortemAction.SUBMIT and asked.command.person_ids:
        await _check_may_review(asked, asked.command.person_ids)
    if asked.command.action is PostmortemAction.APPROVE and Relation.AUTHOR in asked.seen.relations:
        raise AuthorCannotReview()


async def _check_may_review(asked: Asked, person_ids: Sequence[str]) -> None:
    if asked.postmortem.author_id in person_ids:
        raise AuthorCannotReview()
    await check_active(asked.session, "userIds", person_ids)


async def _check_reviewers(asked: Asked) -> None:
    _check_reviewing_is_open(asked)
    if not asked.command.person_ids:
        raise NobodyToAdd()
    await _check_may_review(asked, asked.command.person_ids)
    await _check_new(asked, asked.command.person_ids)


async def _check_new(asked: Asked, person_ids: Sequence[str]) -> None:
    present = {one.person_id for one in await _reviewers(asked)}
    for person_id in person_ids:
        if person_id in present:
            raise AlreadyReviewer(person_id=person_id)


async def _check_replacement(asked: Asked) -> None:
    _check_reviewing_is_open(asked)
    goes, comes = asked.command.person_ids
    if goes not in {one.person_id for one in await _reviewers(asked)}:
        raise NotFound(kind="reviewer", id=goes)
    await _check_may_review(asked, [comes])
    await _check_new(asked, [comes])


async def _check_removal(asked: Asked) -> None:
    _check_reviewing_is_open(asked)
    present = {one.person_id for one in await _reviewers(asked)}
    for person_id in asked.command.person_ids:
        if person_id not in present:
            raise NotFound(kind="reviewer", id=person_id)


def _check_reviewing_is_open(asked: Asked) -> None:
    if asked.status not in {Status.DRAFT, Status.IN_REVIEW}:
        hint = "Reviewers can change only before a postmortem is published."
        raise IllegalTransition(
            move="change the reviewers of a postmortem", entity="postmortem", status=asked.status, hint=hint
        )


async def _check_waive(asked: Asked) -> None:
    targets.check_waive(await _target(asked), asked.words.get("reason"), asked.now)


async def _check_extend(asked: Asked) -> None:
    until = asked.command.until
    if until is None:
        raise ValueError("an extension without its instant")
    targets.check_extend(await _target(asked), until, asked.words.get("reason"), asked.now)


_CHECKS: dict[PostmortemAction, tuple[Verb, Callable[[Asked], Awaitable[None]]]] = {
    PostmortemAction.ADD_REVIEWERS: (Verb.ASK_REVIEWERS, _check_reviewers),
    PostmortemAction.REMOVE_REVIEWER: (Verb.ASK_REVIEWERS, _check_removal),
    PostmortemAction.REPLACE_REVIEWER: (Verb.ASK_REVIEWERS, _check_replacement),
    PostmortemAction.WAIVE_TARGET: (Verb.CHANGE_TARGETS, _check_waive),
    PostmortemAction.EXTEND_TARGET: (Verb.CHANGE_TARGETS, _check_extend),
}


async def facts(asked: Asked, move: Transition) -> ReadinessFacts:
    """What the gates of that move look at; only submit and publish look at more than the comment."""
    if move not in {Transition.SUBMIT, Transition.PUBLISH}:
        return ReadinessFacts(comment=asked.comment)
    session, postmortem = asked.session, asked.postmortem
    items = select(ActionItem.id).where(ActionItem.postmortem_id == postmortem.id)
    incomplete = items.where(or_(ActionItem.owner_id.is_(None), ActionItem.due_on.is_(None)))
    threads = select(func.count()).where(Comment.postmortem_id == postmortem.id, *unresolved_threads())
    policy = (Policy.id == postmortem.policy_id, Policy.version == postmortem.policy_version)
    statement = select(
        select(TimelineEvent.id).where(TimelineEvent.postmortem_id == postmortem.id).exists(),
        items.exists(),
        threads.scalar_subquery(),
        func.array(incomplete.scalar_subquery()),
        select(Policy.min_reviewers).where(*policy).scalar_subquery(),
    )
    has_timeline, has_items, unresolved, lacking, min_reviewers = (await session.execute(statement)).one()
    kept = await get_postmortem_template(session, postmortem)
    texts = {name: one.body for name, one in (await find_section_texts(session, postmortem.id)).items()}
    asked_now = [] if move is Transition.PUBLISH else list(asked.command.person_ids)
    reviewers = {one.person_id: state_of(one, postmortem) for one in await _reviewers(asked)}
    for person_id in asked_now:
        reviewers.setdefault(person_id, ReviewerState.PENDING)
    outstanding = [one for one, state in reviewers.items() if state is not ReviewerState.APPROVED]
    absent = await find_absences(session, outstanding, asked.now) if outstanding and move is Transition.PUBLISH else {}
    return ReadinessFacts(
        missing_sections=missing_sections(kept, texts, has_timeline=has_timeline, has_items=has_items),
        missing_fields=missing_fields(kept.fields, postmortem.custom_fields),
        reviewers=tuple(reviewers.items()),
        absent=tuple(absent.items()),
        unresolved_comments=unresolved,
        incomplete_items=tuple(lacking),
        min_reviewers=min_reviewers,
        comment=asked.comment,
    )


async def _reviewers(asked: Asked) -> list[PostmortemReviewer]:
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == asked.postmortem.id)
    statement = statement.order_by(PostmortemReviewer.added_at, PostmortemReviewer.person_id)
    return list((await asked.session.execute(statement.execution_options(populate_existing=True))).scalars())


async def _target(asked: Asked) -> Target:
    row = await asked.session.get(PostmortemTarget, (asked.postmortem.id, asked.command.target))
    if row is None:
        raise NotFound(kind="target", id=asked.command.target)
    return as_target(row)


def as_target(row: PostmortemTarget) -> Target:
    return Target(TargetName(row.name), row.due_at, row.extended_to, row.met_at, row.waived_at)


# Writes


def _audit(asked: Asked, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    audit(
        asked.session,
        asked.viewer,
        action,
        "postmortem",
        asked.postmortem.id,
        postmortem_id=asked.postmortem.id,
        before=before,
        after=after,
        at=asked.now,
    )


def _move_to(asked: Asked, status: Status, action: str, **words: Any) -> None:
    before = asked.postmortem.status
    asked.postmortem.status = status.value
    _touch(asked)
    _audit(asked, action, {"status": before}, {"status": status.value, **words})


def _touch(asked: Asked) -> None:
    asked.postmortem.version += 1
    asked.postmortem.updated_at = asked.now


async def _submit(asked: Asked) -> None:
    postmortem = asked.postmortem
    await _ask_reviewers(asked, [one for one in asked.command.person_ids if one != postmortem.author_id])
    await asked.session.execute(
        update(PostmortemReviewer)
        .where(
            PostmortemReviewer.postmortem_id == postmortem.id,
            PostmortemReviewer.decision == Decision.REQUEST_CHANGES.value,
        )
        .values(decision=None, decided_revision=None, decided_at=None)
    )
    if asked.command.publish_on_approval is not None:
        postmortem.publish_on_approval = asked.command.publish_on_approval
    postmortem.submitted_at = asked.now
    _move_to(asked, Status.IN_REVIEW, "postmortem.submitted")
    written = (TargetName.DRAFT_STARTED, TargetName.DRAFT_COMPLETED)
    await meet_targets(asked.session, postmortem.id, written, asked.now)
    await asked.session.flush()
    waiting = [one.person_id for one in await _reviewers(asked) if state_of(one, postmortem) != "APPROVED"]
    await _notify(asked, waiting, "review_requested", f"review_requested:{asked.command.request_id}")


async def _approve(asked: Asked) -> None:
    await _decide(asked, Decision.APPROVE)
    _audit(asked, "postmortem.approved", None, {"revision": asked.postmortem.content_revision})
    _touch(asked)
    await asked.session.flush()
    postmortem = asked.postmortem
    if any(state_of(one, postmortem) is not ReviewerState.APPROVED for one in await _reviewers(asked)):
        return
    postmortem.reviewed_at = asked.now
    await meet_targets(asked.session, postmortem.id, [TargetName.REVIEW_COMPLETED], asked.now)
    if postmortem.publish_on_approval and not publish_reasons(await facts(asked, Transition.PUBLISH)):
        await _publish(asked)
    elif postmortem.author_id:
        await _notify(asked, [postmortem.author_id], "review_completed", f"review_completed:{asked.command.request_id}")


async def _request_changes(asked: Asked) -> None:
    before = asked.status
    if before is Status.IN_REVIEW:
        await _decide(asked, Decision.REQUEST_CHANGES)
    _move_to(
        asked,
        lifecycle.next_status(before, Transition.REQUEST_CHANGES),
        "postmortem.changes_requested",
        comment=asked.comment,
    )
    if before is Status.PUBLISHED:
        asked.postmortem.published_at = None
    kind = CommentKind.CHANGE_REQUEST
    await add_comment(asked.session, asked.viewer, asked.seen, NewComment(asked.comment or "", kind=kind), asked.now)
    if asked.postmortem.author_id:
        occasion = f"changes_requested:{asked.command.request_id}"
        await _notify(asked, [asked.postmortem.author_id], "changes_requested", occasion)


async def _publish(asked: Asked) -> None:
    asked.postmortem.published_at = asked.now
    _move_to(asked, Status.PUBLISHED, "postmortem.published")
    await _tell_teams(asked)
    await meet_targets(asked.session, asked.postmortem.id, TargetName, asked.now)


async def _archive(asked: Asked) -> None:
    asked.postmortem.archived_at = asked.now
    _move_to(asked, Status.ARCHIVED, "postmortem.archived")


async def _decide(asked: Asked, decision: Decision) -> None:
    reviewer = await asked.session.get_one(PostmortemReviewer, (asked.postmortem.id, asked.viewer.person_id))
    reviewer.decision = decision.value
    reviewer.decided_revision = asked.postmortem.content_revision
    reviewer.decided_at = asked.now
    asked.session.add(
        Review(
            id=new_id("rev"),
            postmortem_id=asked.postmortem.id,
            person_id=asked.viewer.person_id,
            decision=decision.value,
            comment=asked.comment,
            revision=asked.postmortem.content_revision,
            created_at=asked.now,
        )
    )


async def _add_reviewers(asked: Asked) -> None:
    added = await _ask_reviewers(asked, asked.command.person_ids)
    _touch(asked)
    _audit(asked, "reviewers.added", None, {"reviewers": added})
    if asked.status is Status.IN_REVIEW:
        await _notify(asked, added, "review_requested", f"review_requested:{asked.command.request_id}")


async def _ask_reviewers(asked: Asked, person_ids: Iterable[str]) -> list[str]:
    return await add_reviewers(asked.session, asked.postmortem.id, person_ids, asked.now)


async def add_reviewers(
    session: AsyncSession, postmortem_id: str, person_ids: Iterable[str], now: datetime
) -> list[str]:
    """Those who were not reviewers yet."""
    rows = [{"postmortem_id": postmortem_id, "person_id": one, "added_at": now} for one in dict.fromkeys(person_ids)]
    if not rows:
        return []
    statement = insert(PostmortemReviewer).values(rows).on_conflict_do_nothing()
    return list((await session.execute(statement.returning(PostmortemReviewer.person_id))).scalars())


async def _remove_reviewer(asked: Asked) -> None:
    statement = delete(PostmortemReviewer).where(
        PostmortemReviewer.postmortem_id == asked.postmortem.id,
        PostmortemReviewer.person_id.in_(asked.command.person_ids),
    )
    await asked.session.execute(statement)
    _touch(asked)
    _audit(asked, "reviewers.removed", {"reviewers": list(asked.command.person_ids)}, None)


async def _replace_reviewer(asked: Asked) -> None:
    """What the one who goes decided stays among the reviews, and their threads stay open."""
    goes, comes = asked.command.person_ids
    statement = delete(PostmortemReviewer).where(
        PostmortemReviewer.postmortem_id == asked.postmortem.id, PostmortemReviewer.person_id == goes
    )
    await asked.session.execute(statement)
    await _ask_reviewers(asked, [comes])
    _touch(asked)
    _audit(asked, "reviewers.replaced", {"reviewer": goes}, {"reviewer": comes})
    if asked.status is Status.IN_REVIEW:
        await _notify(asked, [comes], "review_requested", f"review_requested:{asked.command.request_id}")


async def _waive(asked: Asked) -> None:
    await _change_target(asked, "target.waived", waived_at=asked.now)


async def _extend(asked: Asked) -> None:
    await _change_target(asked, "target.extended", extended_to=asked.command.until, slips=PostmortemTarget.slips + 1)
    await tell_of_slips(asked.session, asked.postmortem, asked.command.target or "", asked.now)


async def _change_target(asked: Asked, action: str, **values: Any) -> None:
    reason = asked.words.get("reason")
    before = await _target(asked)
    statement = update(PostmortemTarget).where(
        PostmortemTarget.postmortem_id == asked.postmortem.id, PostmortemTarget.name == asked.command.target
    )
    await asked.session.execute(statement.values(reason=reason, **values))
    _touch(asked)
    told = {"target": asked.command.target, "reason": reason}
    if asked.command.until:
        told["until"] = asked.command.until.isoformat()
    _audit(asked, action, {"dueAt": before.effective_due_at.isoformat()}, told)


async def _delete(asked: Asked) -> None:
    _audit(asked, "postmortem.deleted", {"title": asked.postmortem.title}, None)
    await asked.session.flush()
    await asked.session.delete(asked.postmortem)


async def _tell_teams(asked: Asked) -> None:
    """Each of its teams, in the team's channel; again after it was reopened."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == asked.postmortem.id)
    await notify_teams(
        asked.session,
        (await asked.session.execute(teams)).scalars(),
        "published",
        f"{asked.postmortem.id}:published:{asked.command.request_id}",
        at=asked.now,
        postmortem_id=asked.postmortem.id,
    )


async def _notify(asked: Asked, person_ids: list[str], kind: str, occasion: str) -> None:
    await notify(
        asked.session,
        person_ids,
        kind,
        f"{asked.postmortem.id}:{occasion}",
        at=asked.now,
        postmortem_id=asked.postmortem.id,
    )


_WRITES: dict[PostmortemAction, Callable[[Asked], Awaitable[None]]] = {
    PostmortemAction.SUBMIT: _submit,
    PostmortemAction.APPROVE: _approve,
    PostmortemAction.REQUEST_CHANGES: _request_changes,
    PostmortemAction.PUBLISH: _publish,
    PostmortemAction.ARCHIVE: _archive,
    PostmortemAction.ADD_REVIEWERS: _add_reviewers,
    PostmortemAction.REMOVE_REVIEWER: _remove_reviewer,
    PostmortemAction.REPLACE_REVIEWER: _replace_reviewer,
    PostmortemAction.WAIVE_TARGET: _waive,
    PostmortemAction.EXTEND_TARGET: _extend,
    PostmortemAction.DELETE: _delete,
}


# For the workflow


async def snapshot(session: AsyncSession, postmortem_id: str) -> PostmortemSnapshot:
    """What the workflow keeps of the row; ``exists`` is false where it is gone."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id)
    statement = select(
        Postmortem.number,
        Postmortem.version,
        Postmortem.status,
        func.array(teams.order_by(PostmortemTeam.team_id).scalar_subquery()).label("team_ids"),
        LadderAlarm.rings_at,
        LadderAlarm.rings_for,
    ).outerjoin(LadderAlarm, LadderAlarm.subject_id == Postmortem.id)
    row = (await session.execute(statement.where(Postmortem.id == postmortem_id))).one_or_none()
    if row is None:
        return PostmortemSnapshot(postmortem_id, 0, 0, Status.DRAFT, exists=False)
    pending = await _pending_targets(session, postmortem_id)
    return PostmortemSnapshot(
        id=postmortem_id,
        number=row.number,
        version=row.version,
        status=Status(row.status),
        team_ids=tuple(row.team_ids),
        deadlines=tuple(sorted((Deadline(one.name, one.due) for one in pending), key=lambda one: (one.at, one.name))),
        alarm=Alarm(row.rings_at, row.rings_for or "nothing"),
    )


async def _pending_targets(session: AsyncSession, postmortem_id: str) -> list[Any]:
    due = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at).label("due")
    statement = select(PostmortemTarget.name, due).where(
        PostmortemTarget.postmortem_id == postmortem_id,
        PostmortemTarget.met_at.is_(None),
        PostmortemTarget.waived_at.is_(None),
    )
    return list((await session.execute(statement)).all())


async def mark_started(session: AsyncSession, postmortem_id: str) -> None:
    """Waits for nobody: a row that is held is marked when the sweep has asked again."""
    free = select(Postmortem.id).where(Postmortem.id == postmortem_id, ~Postmortem.workflow_started)
    statement = update(Postmortem).where(Postmortem.id == free.with_for_update(skip_locked=True).scalar_subquery())
    await session.execute(statement.values(workflow_started=True))

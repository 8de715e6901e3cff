"""Carries out commands on a postmortem: what each one may refuse, and what it writes. One command, one transaction.

:func:`check` refuses. A door calls it first, and :func:`commit` calls it again under the row's lock before it writes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from application.audit.command_log import is_committed, is_repeat, log_command
from application.escalation.reminders import plan_postmortem_reminders
from application.review import decisions, deletion, outstanding, publishing, reviewers, submission, targets
from application.review.context import PostmortemCommandContext
from application.review.readiness import readiness_of
from application.review.snapshots import snapshot_of
from domain import access
from domain.access import Verb, Viewer
from domain.errors import NotFound
from domain.postmortems import lifecycle
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from domain.postmortems.lifecycle import Status, Transition
from domain.postmortems.snapshots import PostmortemSnapshot
from models.queries.audit.command_log import take_command, viewer_of
from models.queries.postmortems.snapshots import read_snapshot
from models.queries.review.facts import ReviewFacts, get_facts
from models.session import Session

Check = Callable[[PostmortemCommandContext], None]
Write = Callable[[PostmortemCommandContext], Awaitable[None]]


WITH_TEXTS = {
    PostmortemAction.SUBMIT,
    PostmortemAction.PUBLISH,
    PostmortemAction.APPROVE,
    PostmortemAction.REQUEST_CHANGES,
    PostmortemAction.WAIVE_REVIEW,
}
"""Whether the sections are written decides about these, or which revisions of them were reviewed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A command that changes no status. ``name`` is what the refusal calls it, if not what ``verb`` says."""

    verb: Verb
    check: Check
    write: Write
    name: str | None = None


TRANSITIONS: Mapping[Transition, Callable[[PostmortemCommandContext, Status], Awaitable[None]]] = {
    Transition.SUBMIT: submission.submit,
    Transition.APPROVE: decisions.approve,
    Transition.REQUEST_CHANGES: decisions.request_changes,
    Transition.WITHDRAW: decisions.withdraw,
    Transition.PUBLISH: publishing.publish,
    Transition.ARCHIVE: publishing.archive,
}
"""What each transition writes, given the status after it."""

CHANGES: Mapping[PostmortemAction, Change] = {
    PostmortemAction.ADD_REVIEWERS: Change(
        Verb.ASK_REVIEWERS, reviewers.check_added, reviewers.add_reviewers, "add reviewers"
    ),
    PostmortemAction.REMOVE_REVIEWER: Change(
        Verb.ASK_REVIEWERS, reviewers.check_removed, reviewers.remove_reviewer, "remove reviewer"
    ),
    PostmortemAction.REPLACE_REVIEWER: Change(
        Verb.ASK_REVIEWERS, reviewers.check_replaced, reviewers.replace_reviewer, "replace reviewer"
    ),
    PostmortemAction.REMIND_REVIEWER: Change(
        Verb.ASK_REVIEWERS, outstanding.check_reminded, outstanding.remind_reviewers, "remind reviewers"
    ),
    PostmortemAction.WAIVE_REVIEW: Change(
        Verb.WAIVE_REVIEW, outstanding.check_waived, outstanding.waive_review, "waive review"
    ),
    PostmortemAction.WAIVE_TARGET: Change(
        Verb.CHANGE_TARGETS, targets.check_waived, targets.waive_target, "waive target"
    ),
    PostmortemAction.EXTEND_TARGET: Change(
        Verb.CHANGE_TARGETS, targets.check_extended, targets.extend_target, "extend target"
    ),
    PostmortemAction.DELETE: Change(Verb.DELETE, deletion.check_deleted, deletion.delete_postmortem),
}


async def commit(session: Session, command: PostmortemCommand, now: datetime) -> PostmortemSnapshot:
    """Carries the command out, unless its request was carried out before. Raises the refusal.

    The row is locked, the facts are read once, and what they decide is written together.
    """
    taken = await take_command(session, command.request_id, command.actor_id, postmortem_id=command.postmortem_id)
    viewer = viewer_of(taken, command.actor_id, command.origin)
    try:
        facts = await read_facts(session, viewer, command, is_read=False)
    except NotFound:
        if await is_committed(session, command.postmortem_id, command.request_id, command.fingerprint):
            return await read_snapshot(session, command.postmortem_id)  # it was deleted, or hidden from the actor
        raise
    if is_repeat(facts.carried_out, command.fingerprint):
        return await read_snapshot(session, command.postmortem_id)
    context = PostmortemCommandContext(session, viewer, facts, command, taken.arguments, now)
    await _write(context, check(context))
    log_command(session, command.postmortem_id, command)
    await context.write()
    return snapshot_of(command.postmortem_id, await plan_postmortem_reminders(session, command.postmortem_id, now))


async def read_facts(
    session: Session, viewer: Viewer, command: PostmortemCommand, *, is_read: bool = True
) -> ReviewFacts:
    """What decides about the command: one statement. Raises NotFound."""
    return await get_facts(
        session,
        viewer,
        command.postmortem_id,
        request_id=command.request_id,
        named=command.person_ids,
        wants_texts=command.action in WITH_TEXTS,
        is_read=is_read,
    )


def check(context: PostmortemCommandContext) -> Status:
    """The status after the command. Raises the refusal of a command that is not possible now."""
    transition = context.command.action.transition
    if transition is not None:
        access.check_transition(transition, context.status, context.visible.relations)
        after = lifecycle.apply(context.status, transition, readiness_of(context, transition))
        reviewers.check_not_author(context)
        return after
    change = CHANGES[context.command.action]
    access.check(change.verb, context.status, context.visible.relations, change.name)
    change.check(context)
    return context.status


async def _write(context: PostmortemCommandContext, after: Status) -> None:
    transition = context.command.action.transition
    if transition is not None:
        await TRANSITIONS[transition](context, after)
    else:
        await CHANGES[context.command.action].write(context)

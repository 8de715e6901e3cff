"""Carries out commands on a postmortem: what each one may refuse, and what it writes. One command, one transaction.

:func:`check` refuses. A door calls it first, and :func:`commit` calls it again under the row's lock before it writes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from application.audit.command_log import is_committed, log_command
from application.escalation.reminders import plan_postmortem_reminders
from application.review import decisions, deletion, publishing, reviewers, submission, targets
from application.review.context import PostmortemCommandContext
from application.review.readiness import read_readiness
from domain import access
from domain.access import Verb
from domain.postmortems import lifecycle
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from domain.postmortems.lifecycle import Status, Transition
from domain.postmortems.snapshots import PostmortemSnapshot
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.audit.command_log import take_arguments
from models.queries.postmortems.postmortems import get_visible
from models.queries.postmortems.snapshots import read_snapshot
from models.session import Session

Check = Callable[[PostmortemCommandContext], Awaitable[None]]
Write = Callable[[PostmortemCommandContext], Awaitable[None]]


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
    PostmortemAction.WAIVE_TARGET: Change(
        Verb.CHANGE_TARGETS, targets.check_waived, targets.waive_target, "waive target"
    ),
    PostmortemAction.EXTEND_TARGET: Change(
        Verb.CHANGE_TARGETS, targets.check_extended, targets.extend_target, "extend target"
    ),
    PostmortemAction.DELETE: Change(Verb.DELETE, deletion.check_deleted, deletion.delete_postmortem),
}


async def commit(session: Session, command: PostmortemCommand, now: datetime) -> PostmortemSnapshot:
    """Carries the command out, unless its request was carried out before. Raises the refusal."""
    if not await is_committed(session, command.postmortem_id, command.request_id, command.fingerprint):
        viewer = await get_viewer_unscoped(session, command.actor_id, command.origin)
        arguments = await take_arguments(session, command.request_id) if command.has_words else {}
        visible = await get_visible(session, viewer, command.postmortem_id, lock=True)
        context = PostmortemCommandContext(session, viewer, visible, command, arguments, now)
        await _write(context, await check(context))
        log_command(session, command.postmortem_id, command)
        await session.flush()
        await plan_postmortem_reminders(session, command.postmortem_id, now)
    return await read_snapshot(session, command.postmortem_id)


async def check(context: PostmortemCommandContext) -> Status:
    """The status after the command. Raises the refusal of a command that is not possible now. Writes nothing."""
    transition = context.command.action.transition
    if transition is not None:
        access.check_transition(transition, context.status, context.visible.relations)
        after = lifecycle.apply(context.status, transition, await read_readiness(context, transition))
        await reviewers.check_not_author(context)
        return after
    change = CHANGES[context.command.action]
    access.check(change.verb, context.status, context.visible.relations, change.name)
    await change.check(context)
    return context.status


async def _write(context: PostmortemCommandContext, after: Status) -> None:
    transition = context.command.action.transition
    if transition is not None:
        await TRANSITIONS[transition](context, after)
    else:
        await CHANGES[context.command.action].write(context)

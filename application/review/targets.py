"""Waives and extends the timing targets of a postmortem."""

from application.escalation.leads import notify_of_extensions
from application.review.context import PostmortemCommandContext
from domain.errors import NotFound
from domain.escalation import targets
from models.queries.escalation.targets import get_target, target_of
from models.queries.meetings.meetings import wake_workflows


def check_waived(context: PostmortemCommandContext) -> None:
    targets.check_waive(_target(context), context.arguments.get("reason"), context.now)


def check_extended(context: PostmortemCommandContext) -> None:
    until = context.command.until
    if until is None:
        raise ValueError("an extension without its instant")
    targets.check_extend(_target(context), until, context.arguments.get("reason"), context.now)


def _target(context: PostmortemCommandContext) -> targets.Target:
    """Raises NotFound."""
    found = context.facts.targets.get(context.command.target or "")
    if found is None:
        raise NotFound(kind="target", id=context.command.target)
    return found.target


async def waive_target(context: PostmortemCommandContext) -> None:
    row = await get_target(context.session, context.postmortem.id, context.command.target)
    _audit(context, "target.waived", target_of(row))
    row.waived_at = context.now
    await wake_workflows(context.session, context.postmortem.id)
    row.reason = context.arguments.get("reason")


async def extend_target(context: PostmortemCommandContext) -> None:
    """Notifies the team's leads from the second extension on."""
    row = await get_target(context.session, context.postmortem.id, context.command.target)
    _audit(context, "target.extended", target_of(row))
    row.extended_to = context.command.until
    row.slips += 1
    await wake_workflows(context.session, context.postmortem.id)
    row.reason = context.arguments.get("reason")
    await notify_of_extensions(context.session, context.viewer, row, context.now)


def _audit(context: PostmortemCommandContext, action: str, before: targets.Target) -> None:
    context.note_change()
    after = {"target": context.command.target, "reason": context.arguments.get("reason")}
    if context.command.until:
        after["until"] = context.command.until.isoformat()
    context.audit(action, {"dueAt": before.effective_due_at.isoformat()}, after)

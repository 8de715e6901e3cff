"""Publishes and archives a postmortem. Who may is decided in ``domain.access``, when in ``domain.review.readiness``."""

from application.notifications.notices import notify_teams
from application.review.context import PostmortemCommandContext
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from models.queries.escalation.targets import meet_targets
from models.queries.postmortems.links import list_team_ids


async def publish(context: PostmortemCommandContext, after: Status) -> None:
    """Announces it in the channel of each of its teams, again if it was taken back and published again."""
    postmortem = context.postmortem
    postmortem.published_at = context.now
    context.change_status(after, "postmortem.published")
    await notify_teams(
        context.session,
        await list_team_ids(context.session, postmortem.id),
        NoticeKind.PUBLISHED,
        f"{postmortem.id}:published:{context.command.request_id}",
        at=context.now,
        postmortem_id=postmortem.id,
    )
    await meet_targets(context.session, postmortem.id, TargetName, context.now)


async def archive(context: PostmortemCommandContext, after: Status) -> None:
    context.postmortem.archived_at = context.now
    context.change_status(after, "postmortem.archived")

"""Publishes and archives a postmortem. Who may is decided in ``domain.access``, when in ``domain.review.readiness``."""

from application.meetings.planning import cancel_all
from application.review.context import PostmortemCommandContext
from application.sharing.publications import list_automatic, publish_automatically, take_back_automatically
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status


async def publish(context: PostmortemCommandContext, after: Status) -> None:
    """Announces it to everyone who worked on it or has to do something, and in the channel of each of its teams; again
    if it was taken back and published again."""
    postmortem, copies = context.postmortem, await list_automatic(context.session)
    postmortem.published_at = context.now
    context.change_status(after, "postmortem.published")
    facts = context.facts
    people = [postmortem.author_id, *(one.person_id for one in facts.reviewers), *facts.involved_ids]
    context.notify([one for one in people if one not in {None, context.viewer.person_id}], NoticeKind.PUBLISHED)
    context.notify_channels(NoticeKind.PUBLISHED, "published")
    context.meet_targets(TargetName)
    if copies:
        await context.write()  # whether it was approved is read again
        await publish_automatically(context.session, context.viewer, context.visible, copies, context.now)


async def archive(context: PostmortemCommandContext, after: Status) -> None:
    context.postmortem.archived_at = context.now
    context.change_status(after, "postmortem.archived")
    await take_back_automatically(context.session, context.viewer, context.postmortem.id, context.now)
    await cancel_all(context.session, context.viewer, context.postmortem.id, "The postmortem was archived.")

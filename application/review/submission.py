"""Submits a draft for review."""

from application.review.context import PostmortemCommandContext
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from models.queries.escalation.targets import meet_targets
from models.queries.postmortems.postmortems import state_of_reviewer
from models.queries.review.reviewers import clear_change_requests, insert_reviewers, list_reviewers

WRITTEN = (TargetName.DRAFT_STARTED, TargetName.DRAFT_COMPLETED)


async def submit(context: PostmortemCommandContext, after: Status) -> None:
    """Adds the reviewers of the command, and notifies everyone whose approval is outstanding."""
    session, postmortem, command = context.session, context.postmortem, context.command
    added = [one for one in command.person_ids if one != postmortem.author_id]
    await insert_reviewers(session, postmortem.id, added, context.now)
    await clear_change_requests(session, postmortem.id)
    if command.publish_on_approval is not None:
        postmortem.publish_on_approval = command.publish_on_approval
    postmortem.submitted_at = context.now
    context.change_status(after, "postmortem.submitted")
    await meet_targets(session, postmortem.id, WRITTEN, context.now)
    await session.flush()
    rows = await list_reviewers(session, context.visible)
    outstanding = [one.person_id for one in rows if state_of_reviewer(one, postmortem) is not ReviewerState.APPROVED]
    await context.notify(outstanding, NoticeKind.REVIEW_REQUESTED)

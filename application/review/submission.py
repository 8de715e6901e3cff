"""Submits a draft for review."""

from application.review.context import PostmortemCommandContext
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from models.queries.postmortems.postmortems import state_of_reviewer
from models.queries.review.reviewers import clear_for_new_review, insert_reviewers

WRITTEN = (TargetName.DRAFT_STARTED, TargetName.DRAFT_COMPLETED)


async def submit(context: PostmortemCommandContext, after: Status) -> None:
    """Adds the reviewers of the command, and notifies everyone whose approval is outstanding."""
    session, postmortem, command = context.session, context.postmortem, context.command
    current = [one.person_id for one in context.facts.reviewers]
    added = [one for one in dict.fromkeys(command.person_ids) if one not in {postmortem.author_id, *current}]
    await insert_reviewers(session, postmortem.id, added, context.now)
    if context.facts.has_change_request or context.facts.has_waiver:
        await clear_for_new_review(session, postmortem.id)
    if command.publish_on_approval is not None:
        postmortem.publish_on_approval = command.publish_on_approval
    postmortem.submitted_at = context.now
    context.change_status(after, "postmortem.submitted")
    context.meet_targets(WRITTEN)
    states = {one.person_id: state_of_reviewer(one, postmortem) for one in context.facts.reviewers}
    outstanding = [one for one in current if states[one].is_outstanding or states[one] is ReviewerState.WAIVED]
    context.notify([*outstanding, *added], NoticeKind.REVIEW_REQUESTED)

"""What a reviewer decides: to approve the current revision, or to request changes."""

from dataclasses import replace

from application.comments.writing import NewComment, add_comment
from application.review.context import PostmortemCommandContext
from application.review.publishing import publish
from application.review.readiness import readiness_of
from domain.comments.comment import CommentKind
from domain.errors import NotReadyToPublish
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems import lifecycle
from domain.postmortems.lifecycle import Status, Transition
from domain.review.reviewers import Decision, ReviewerState
from models.base import new_id
from models.postmortem import Review
from models.queries.postmortems.postmortems import state_of_reviewer
from models.queries.review.reviewers import decided_reviewer
from models.queries.review.reviews import find_last_review


async def approve(context: PostmortemCommandContext, after: Status) -> None:
    """The last approval completes the review."""
    postmortem = context.postmortem
    if not await _is_approved_already(context):
        context = _record(context, Decision.APPROVE)
        postmortem.status = after.value
        context.audit("postmortem.approved", None, {"revision": postmortem.content_revision})
        context.note_change()
    await complete_review(context)


async def complete_review(context: PostmortemCommandContext) -> None:
    """If no review is outstanding anymore: it is published if it asks for that and is ready, else its author knows."""
    postmortem = context.postmortem
    if any(state_of_reviewer(one, postmortem).is_outstanding for one in context.facts.reviewers):
        return
    postmortem.reviewed_at = context.now
    published = _status_if_published(context) if postmortem.publish_on_approval else None
    if published is not None:
        await publish(context, published)
        return
    context.meet_targets([TargetName.REVIEW_COMPLETED])
    if postmortem.author_id:
        context.notify([postmortem.author_id], NoticeKind.REVIEW_COMPLETED)


async def _is_approved_already(context: PostmortemCommandContext) -> bool:
    """Whether this reviewer's last decision was to approve this very revision, with nothing new to say about it."""
    mine = [one for one in context.facts.reviewers if one.person_id == context.viewer.person_id]
    if not mine or state_of_reviewer(mine[0], context.postmortem) is not ReviewerState.APPROVED:
        return False
    last = await find_last_review(context.session, context.postmortem.id, context.viewer.person_id)
    return last is not None and context.comment in {None, last.comment}


def _status_if_published(context: PostmortemCommandContext) -> Status | None:
    """None if it is not ready to publish."""
    try:
        return lifecycle.apply(context.status, Transition.PUBLISH, readiness_of(context, Transition.PUBLISH))
    except NotReadyToPublish:
        return None


async def withdraw(context: PostmortemCommandContext, after: Status) -> None:
    """The author takes it back to work on it. What reviewers decided stays, for the text that they decided on."""
    context.change_status(after, "postmortem.withdrawn")


async def request_changes(context: PostmortemCommandContext, after: Status) -> None:
    """A reviewer returns it to its author; an administrator takes back what was published."""
    postmortem, comment = context.postmortem, context.comment
    was_published = context.status is Status.PUBLISHED
    if was_published:
        postmortem.published_at = None
    else:
        context = _record(context, Decision.REQUEST_CHANGES)
    context.change_status(after, "postmortem.changes_requested", comment=comment)
    new = NewComment(comment or "", kind=CommentKind.CHANGE_REQUEST)
    added = await add_comment(context.session, context.viewer, context.visible, new, context.now)
    if postmortem.author_id:
        context.notify([postmortem.author_id], NoticeKind.CHANGES_REQUESTED, added.comment.id)


def _record(context: PostmortemCommandContext, decision: Decision) -> PostmortemCommandContext:
    """The reviewer's current decision, and one more row in the history of reviews. Returns the facts after it."""
    postmortem, person_id = context.postmortem, context.viewer.person_id
    chosen, revision = decision.value, postmortem.content_revision
    context.changes.append(decided_reviewer(postmortem.id, person_id, chosen, revision, context.now))
    review = Review(
        id=new_id("rev"),
        postmortem_id=postmortem.id,
        person_id=person_id,
        decision=decision.value,
        comment=context.comment,
        revision=postmortem.content_revision,
        section_revisions=dict(context.facts.revisions),
        created_at=context.now,
    )
    context.session.add(review)
    reviewers = [
        replace(one, decision=chosen, decided_revision=revision, waived_at=None) if one.person_id == person_id else one
        for one in context.facts.reviewers
    ]
    return replace(context, facts=replace(context.facts, reviewers=reviewers))

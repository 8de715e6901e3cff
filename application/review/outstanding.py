"""Outstanding reviews: reminds reviewers, and waives a review for which publishing should not wait."""

from dataclasses import replace

from application.people.references import check_found_active
from application.review.context import PostmortemCommandContext
from application.review.decisions import complete_review
from domain.access import Relation
from domain.errors import IllegalTransition, NotFound
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState, check_remind, check_waive
from models.queries.postmortems.postmortems import state_of_reviewer
from models.queries.review.facts import ReviewerFacts
from models.queries.review.reviewers import update_reminded, update_waived


def check_reminded(context: PostmortemCommandContext) -> None:
    _check_in_review(context, "remind reviewers")
    asked = _asked(context)
    check_found_active("userId", context.command.person_ids, context.facts.named)
    for one in asked:
        check_remind(one.person_id, state_of_reviewer(one, context.postmortem), one.reminded_at, context.now)


async def remind_reviewers(context: PostmortemCommandContext) -> None:
    person_ids = context.command.person_ids
    await update_reminded(context.session, context.postmortem.id, person_ids, context.now)
    context.audit("reviewers.reminded", None, {"reviewers": list(person_ids)})
    context.notify(person_ids, NoticeKind.REVIEW_PENDING)


def check_waived(context: PostmortemCommandContext) -> None:
    """Authors can't waive the last review: without it, nobody else has read what they publish."""
    _check_in_review(context, "waive a review")
    (one,) = _asked(context)
    reason, is_admin = context.arguments.get("reason"), Relation.ADMIN in context.visible.relations
    check_waive(one.person_id, _states(context), reason, may_waive_last=is_admin)


async def waive_review(context: PostmortemCommandContext) -> None:
    """Whoever waives the last outstanding review completes the review, as the last approval does."""
    (person_id,), reason = context.command.person_ids, str(context.arguments["reason"])
    actor_id = context.viewer.person_id
    await update_waived(context.session, context.postmortem.id, person_id, actor_id, reason, context.now)
    context.note_change()
    context.audit("reviewers.waived", None, {"reviewer": person_id, "reason": reason})
    reviewers = [
        replace(one, waived_at=context.now) if one.person_id == person_id else one for one in context.facts.reviewers
    ]
    await complete_review(replace(context, facts=replace(context.facts, reviewers=reviewers)))


def _check_in_review(context: PostmortemCommandContext, move: str) -> None:
    if context.status is not Status.IN_REVIEW:
        hint = "Reviewers are asked once it is submitted for review."
        raise IllegalTransition(move=move, entity="postmortem", status=context.status, hint=hint)


def _asked(context: PostmortemCommandContext) -> list[ReviewerFacts]:
    """The reviewers whom the command names. Raises NotFound."""
    found = {one.person_id: one for one in context.facts.reviewers}
    for person_id in context.command.person_ids:
        if person_id not in found:
            raise NotFound(kind="reviewer", id=person_id)
    return [found[one] for one in context.command.person_ids]


def _states(context: PostmortemCommandContext) -> dict[str, ReviewerState]:
    return {one.person_id: state_of_reviewer(one, context.postmortem) for one in context.facts.reviewers}

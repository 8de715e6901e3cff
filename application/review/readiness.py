"""What decides whether a postmortem is ready to submit or to publish, of the facts about it."""

from application.review.context import PostmortemCommandContext
from domain.content.custom_fields import missing_fields
from domain.content.templates import missing_sections
from domain.postmortems.lifecycle import Transition
from domain.review.readiness import ReadinessFacts
from domain.review.reviewers import ReviewerState
from models.queries.postmortems.postmortems import state_of_reviewer

WITH_CONTENT = frozenset({Transition.SUBMIT, Transition.PUBLISH})


def readiness_of(context: PostmortemCommandContext, transition: Transition) -> ReadinessFacts:
    """Only SUBMIT and PUBLISH depend on more than the comment."""
    if transition not in WITH_CONTENT:
        return ReadinessFacts(comment=context.comment)
    facts, template = context.facts, context.facts.template
    return ReadinessFacts(
        missing_sections=missing_sections(
            template, facts.texts, has_timeline=facts.has_timeline, has_items=facts.has_items
        ),
        missing_fields=missing_fields(template.fields, context.postmortem.custom_fields),
        reviewers=tuple(_reviewers(context, transition).items()),
        absent=tuple(
            (one.person_id, absent)
            for one in facts.reviewers
            if transition is Transition.PUBLISH and (absent := one.absence(context.now))
        ),
        unresolved_comments=facts.unresolved_comments,
        incomplete_items=tuple(facts.incomplete_items),
        min_reviewers=facts.min_reviewers,
        comment=context.comment,
    )


def _reviewers(context: PostmortemCommandContext, transition: Transition) -> dict[str, ReviewerState]:
    """Those of the postmortem, and those whom a submission would add."""
    found = {one.person_id: state_of_reviewer(one, context.postmortem) for one in context.facts.reviewers}
    if transition is Transition.SUBMIT:
        for person_id in context.command.person_ids:
            found.setdefault(person_id, ReviewerState.PENDING)
    return found

"""Reads what decides whether a postmortem is ready to submit or to publish."""

from application.review.context import PostmortemCommandContext
from domain.content.custom_fields import missing_fields
from domain.content.templates import missing_sections
from domain.people.absence import Absence
from domain.postmortems.lifecycle import Transition
from domain.review.readiness import ReadinessFacts
from domain.review.reviewers import ReviewerState
from models.queries.content.sections import find_section_texts
from models.queries.content.templates import get_postmortem_template
from models.queries.people.people import find_absences
from models.queries.postmortems.postmortems import state_of_reviewer
from models.queries.review.readiness import read_contents
from models.queries.review.reviewers import list_reviewers


async def read_readiness(context: PostmortemCommandContext, transition: Transition) -> ReadinessFacts:
    """Only SUBMIT and PUBLISH depend on more than the comment."""
    if transition not in {Transition.SUBMIT, Transition.PUBLISH}:
        return ReadinessFacts(comment=context.comment)
    session, postmortem = context.session, context.postmortem
    contents = await read_contents(session, postmortem)
    template = await get_postmortem_template(session, postmortem)
    texts = {name: one.body for name, one in (await find_section_texts(session, postmortem.id)).items()}
    reviewers = await _reviewers(context, transition)
    absent = await _absent(context, reviewers) if transition is Transition.PUBLISH else {}
    return ReadinessFacts(
        missing_sections=missing_sections(
            template, texts, has_timeline=contents.has_timeline, has_items=contents.has_items
        ),
        missing_fields=missing_fields(template.fields, postmortem.custom_fields),
        reviewers=tuple(reviewers.items()),
        absent=tuple(absent.items()),
        unresolved_comments=contents.unresolved_comments,
        incomplete_items=contents.incomplete_items,
        min_reviewers=contents.min_reviewers,
        comment=context.comment,
    )


async def _reviewers(context: PostmortemCommandContext, transition: Transition) -> dict[str, ReviewerState]:
    """Those of the postmortem, and those whom a submission would add."""
    rows = await list_reviewers(context.session, context.visible)
    found = {one.person_id: state_of_reviewer(one, context.postmortem) for one in rows}
    if transition is Transition.SUBMIT:
        for person_id in context.command.person_ids:
            found.setdefault(person_id, ReviewerState.PENDING)
    return found


async def _absent(context: PostmortemCommandContext, reviewers: dict[str, ReviewerState]) -> dict[str, Absence]:
    outstanding = [one for one, state in reviewers.items() if state is not ReviewerState.APPROVED]
    return await find_absences(context.session, outstanding, context.now) if outstanding else {}

"""Adds, removes and replaces reviewers, before a postmortem is published."""

from collections.abc import Collection, Iterable, Sequence

from application.people.references import check_found_active, list_active_members
from application.review.context import PostmortemCommandContext
from domain.access import Relation
from domain.errors import AlreadyReviewer, AuthorCannotReview, IllegalTransition, NobodyToAdd, NotFound
from domain.notifications.notices import NoticeKind
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.lifecycle import Status
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.reviewers import delete_reviewers, insert_reviewers, list_reviewers
from models.session import Session

# Refusals


def check_not_author(context: PostmortemCommandContext) -> None:
    """The author never reviews or approves, even if they were a reviewer before."""
    if context.command.action is PostmortemAction.SUBMIT and context.command.person_ids:
        _check_may_review(context, context.command.person_ids)
    if context.command.action is PostmortemAction.APPROVE and Relation.AUTHOR in context.visible.relations:
        raise AuthorCannotReview()


def _check_may_review(context: PostmortemCommandContext, person_ids: Sequence[str]) -> None:
    if context.postmortem.author_id in person_ids:
        raise AuthorCannotReview()
    check_found_active("userIds", person_ids, context.facts.named)


def check_added(context: PostmortemCommandContext) -> None:
    _check_not_published(context)
    if not context.command.person_ids:
        raise NobodyToAdd()
    _check_may_review(context, context.command.person_ids)
    _check_new(context.command.person_ids, _current(context))


def check_replaced(context: PostmortemCommandContext) -> None:
    _check_not_published(context)
    removed, added = context.command.person_ids
    current = _current(context)
    _check_present([removed], current)
    _check_may_review(context, [added])
    _check_new([added], current)


def check_removed(context: PostmortemCommandContext) -> None:
    _check_not_published(context)
    _check_present(context.command.person_ids, _current(context))


def _check_not_published(context: PostmortemCommandContext) -> None:
    if context.status not in {Status.DRAFT, Status.IN_REVIEW}:
        hint = "Reviewers can change only before a postmortem is published."
        raise IllegalTransition(
            move="change the reviewers of a postmortem", entity="postmortem", status=context.status, hint=hint
        )


def _check_new(person_ids: Sequence[str], current: Collection[str]) -> None:
    for person_id in person_ids:
        if person_id in current:
            raise AlreadyReviewer(person_id=person_id)


def _check_present(person_ids: Sequence[str], current: Collection[str]) -> None:
    for person_id in person_ids:
        if person_id not in current:
            raise NotFound(kind="reviewer", id=person_id)


def _current(context: PostmortemCommandContext) -> set[str]:
    return {one.person_id for one in context.facts.reviewers}


# Changes


async def add_reviewers(context: PostmortemCommandContext) -> None:
    added = await insert_reviewers(context.session, context.postmortem.id, context.command.person_ids, context.now)
    context.note_change()
    context.audit("reviewers.added", None, {"reviewers": added})
    _notify_in_review(context, added)


async def remove_reviewer(context: PostmortemCommandContext) -> None:
    await delete_reviewers(context.session, context.postmortem.id, context.command.person_ids)
    context.note_change()
    context.audit("reviewers.removed", {"reviewers": list(context.command.person_ids)}, None)


async def replace_reviewer(context: PostmortemCommandContext) -> None:
    """The decisions of the reviewer who is removed stay in the history of reviews, and their threads stay open."""
    removed, added = context.command.person_ids
    await delete_reviewers(context.session, context.postmortem.id, [removed])
    await insert_reviewers(context.session, context.postmortem.id, [added], context.now)
    context.note_change()
    context.audit("reviewers.replaced", {"reviewer": removed}, {"reviewer": added})
    _notify_in_review(context, [added])


def _notify_in_review(context: PostmortemCommandContext, person_ids: Sequence[str]) -> None:
    if context.status is Status.IN_REVIEW:
        context.notify(person_ids, NoticeKind.REVIEW_REQUESTED)


# For those who ask for reviews


async def choose_reviewers(
    session: Session, visible: VisiblePostmortem, person_ids: Iterable[str], team_id: str | None
) -> tuple[str, ...]:
    """These people, and the active members of the team who may be added: not the author, not reviewers already."""
    chosen = dict.fromkeys(person_ids)
    if team_id:
        excluded = {visible.postmortem.author_id, *(one.person_id for one in await list_reviewers(session, visible))}
        members = await list_active_members(session, team_id)
        chosen |= dict.fromkeys(one for one in members if one not in excluded)
    return tuple(chosen)

"""Deletes a draft."""

from application.meetings.planning import cancel_all
from application.review.context import PostmortemCommandContext
from domain.errors import IllegalTransition
from domain.postmortems.lifecycle import Status
from models.queries.notifications.notices import lock_notices


def check_deleted(context: PostmortemCommandContext) -> None:
    if context.status is not Status.DRAFT:
        hint = "You can delete drafts only. Archive a published postmortem instead."
        raise IllegalTransition(move="delete a postmortem", entity="postmortem", status=context.status, hint=hint)


async def delete_postmortem(context: PostmortemCommandContext) -> None:
    context.audit("postmortem.deleted", {"title": context.postmortem.title}, None)
    await cancel_all(context.session, context.viewer, context.postmortem.id, "The postmortem was deleted.")
    await context.session.flush()
    await lock_notices(context.session, postmortem_id=context.postmortem.id)
    await context.session.delete(context.postmortem)

"""Deletes a draft."""

from application.meetings.planning import cancel_all
from application.review.context import PostmortemCommandContext
from domain.errors import IllegalTransition
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.notification import Notice
from models.postmortem import Postmortem
from models.queries.locking import lock_to_delete


def check_deleted(context: PostmortemCommandContext) -> None:
    if context.status is not Status.DRAFT:
        hint = "You can delete drafts only. Archive a published postmortem instead."
        raise IllegalTransition(move="delete a postmortem", entity="postmortem", status=context.status, hint=hint)


async def delete_postmortem(context: PostmortemCommandContext) -> None:
    context.audit("postmortem.deleted", {"title": context.postmortem.title}, None)
    await cancel_all(context.session, context.viewer, context.postmortem.id, "The postmortem was deleted.")
    await context.session.flush()
    await lock_to_delete(context.session, Postmortem, Postmortem.id == context.postmortem.id)
    await lock_to_delete(context.session, ActionItem, ActionItem.postmortem_id == context.postmortem.id)
    await lock_to_delete(context.session, Notice, Notice.postmortem_id == context.postmortem.id)
    await context.session.delete(context.postmortem)

"""Timing targets of a postmortem: list, waive and extend them."""

from fastapi import APIRouter

from api import commands
from api.request_context import Context
from api.shapes.base import Listing, PathId
from api.shapes.review import ExtendIn, ReasonIn, TargetOut, target_out
from api.v1.routing import router
from application.escalation.targets import list_target_progress
from domain.escalation.targets import TargetName
from domain.postmortems.commands import PostmortemAction
from models.queries.postmortems import postmortems

routes: APIRouter = router("lifecycle", prefix="/postmortems/{postmortem_id}")


@routes.get("/targets")
async def list_targets(context: Context, postmortem_id: PathId) -> Listing[TargetOut]:
    """Lists each timing target: when it is due, its state, and who was reminded."""
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    found = await list_target_progress(context.session, visible, context.now)
    return Listing(items=[target_out(one) for one in found])


@routes.post("/targets/{target}/waive")
async def waive_target(
    context: Context, postmortem_id: PathId, target: TargetName, given: ReasonIn
) -> Listing[TargetOut]:
    """Waives a target: Afterword stops reminding people of it. Needs a reason, and is audited."""
    words = {"reason": given.reason}
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.WAIVE_TARGET, words, target=target.value
    )
    return await list_targets(context, postmortem_id)


@routes.post("/targets/{target}/extend")
async def extend_target(
    context: Context, postmortem_id: PathId, target: TargetName, given: ExtendIn
) -> Listing[TargetOut]:
    """Extends a target to a later time. Needs a reason, is audited, and is counted."""
    words = {"reason": given.reason}
    await commands.run_postmortem_command(
        context, postmortem_id, PostmortemAction.EXTEND_TARGET, words, target=target.value, until=given.until
    )
    return await list_targets(context, postmortem_id)

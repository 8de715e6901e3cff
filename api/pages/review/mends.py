"""Forms of a postmortem's page that mend what blocks its next step: reviewers, action items and timing targets."""

from typing import Any

from fastapi import Response

from api import commands
from api.pages.postmortems.events import instant_of
from api.pages.postmortems.form_answers import answered, person_id
from api.pages.routing import Visiting, read_form, router
from api.shapes.action_items import ActionItemPatch
from api.shapes.base import PathId
from api.shapes.review import ExtendIn, ReasonIn
from domain.errors import Malformed, NotFound, reason
from domain.escalation.targets import TargetName
from domain.postmortems.commands import PostmortemAction
from models.queries import action_items

routes = router()
NEXT_STEP, TARGETS = "#next-step", "#targets"


@routes.post("/postmortems/{postmortem_id}/withdraw")
async def withdraw(visit: Visiting, postmortem_id: PathId) -> Response:
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.WITHDRAW)
    return await answered(visit, postmortem_id, work, NEXT_STEP)


@routes.post("/postmortems/{postmortem_id}/reviewers/{user_id}/remind")
async def remind(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    work = commands.run_postmortem_command(
        visit.context, postmortem_id, PostmortemAction.REMIND_REVIEWER, person_ids=(user_id,)
    )
    return await answered(visit, postmortem_id, work, NEXT_STEP)


@routes.post("/postmortems/{postmortem_id}/reviewers/{user_id}/waive")
async def waive_review(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    async def work() -> None:
        given = read_form(ReasonIn, {"reason": visit.form.get("reason")})
        await commands.run_postmortem_command(
            visit.context,
            postmortem_id,
            PostmortemAction.WAIVE_REVIEW,
            {"reason": given.reason},
            person_ids=(user_id,),
        )

    return await answered(visit, postmortem_id, work(), NEXT_STEP)


@routes.post("/postmortems/{postmortem_id}/action-items/{item_id}/complete")
async def complete_item(visit: Visiting, postmortem_id: PathId, item_id: PathId) -> Response:
    """Gives it the owner and the due date that it lacks."""
    context, form = visit.context, visit.form

    async def work() -> None:
        found = await action_items.get_visible_item(context.session, context.viewer, item_id)
        if found.item.postmortem_id != postmortem_id:
            raise NotFound(kind="action item", id=item_id)
        given: dict[str, Any] = {"dueDate": form["dueDate"]} if form.get("dueDate") else {}
        if form.get("owner", "").strip():
            given["ownerId"] = await person_id(visit, "owner")
        if not given:
            raise Malformed(reasons=[reason("missing", "Choose an owner or a due date.")])
        patch = read_form(ActionItemPatch, given)
        await commands.change_action_item(context, item_id, patch.columns(), None, None)

    return await answered(visit, postmortem_id, work(), NEXT_STEP)


@routes.post("/postmortems/{postmortem_id}/targets/{target}/waive")
async def waive_target(visit: Visiting, postmortem_id: PathId, target: TargetName) -> Response:
    async def work() -> None:
        given = read_form(ReasonIn, {"reason": visit.form.get("reason")})
        words = {"reason": given.reason}
        await commands.run_postmortem_command(
            visit.context, postmortem_id, PostmortemAction.WAIVE_TARGET, words, target=target.value
        )

    return await answered(visit, postmortem_id, work(), TARGETS)


@routes.post("/postmortems/{postmortem_id}/targets/{target}/extend")
async def extend_target(visit: Visiting, postmortem_id: PathId, target: TargetName) -> Response:
    """``until`` is a local time as the browser's field gives it, in the person's own zone."""

    async def work() -> None:
        until = instant_of(visit.form.get("until", ""), visit.context.person.time_zone)
        given = read_form(ExtendIn, {"reason": visit.form.get("reason"), "until": until})
        words = {"reason": given.reason}
        await commands.run_postmortem_command(
            visit.context,
            postmortem_id,
            PostmortemAction.EXTEND_TARGET,
            words,
            target=target.value,
            until=given.until,
        )

    return await answered(visit, postmortem_id, work(), TARGETS)

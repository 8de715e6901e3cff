"""The home page: what needs the signed-in person, whom they wait for, and how their teams are doing.

What can be done at once is done in its row.
"""

from collections.abc import Awaitable
from datetime import UTC, timedelta
from typing import Any

from fastapi import Response

from api import commands
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.comments import CommentNew
from api.shapes.home import SnoozeDays
from application.comments import writing
from application.home import read_home
from domain.action_items.action_item import ActionItemStatus
from domain.action_items.commands import ActionItemAction
from domain.errors import DomainError
from domain.postmortems.commands import PostmortemAction
from domain.review.reviewers import may_remind_again
from models.queries.people import people
from models.queries.postmortems import postmortems

routes = router()


@routes.get("/")
async def show_home(visit: Visiting) -> Response:
    return await _shown(visit)


async def _shown(visit: Visit, refusal: DomainError | None = None) -> Response:
    context = visit.context
    home = await read_home(context.session, context.viewer, context.now)
    return await show(
        visit,
        "home/home.html",
        refusal,
        home=home,
        people=await people.people_by_id(context.session, [one.author_id for one in home.needs]),
        today=context.now.astimezone(UTC).date(),
        may_remind={
            (one.postmortem_id, one.person_id): may_remind_again(one.reminded_at, context.now) for one in home.awaited
        },
    )


async def _answered(visit: Visit, work: Awaitable[Any], part: str) -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, refusal)
    return to(f"/#{part}")


@routes.post("/home/postmortems/{postmortem_id}/approve")
async def approve(visit: Visiting, postmortem_id: PathId) -> Response:
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.APPROVE)
    return await _answered(visit, work, "needs-you")


@routes.post("/home/postmortems/{postmortem_id}/remind/{user_id}")
async def remind(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    work = commands.run_postmortem_command(
        visit.context, postmortem_id, PostmortemAction.REMIND_REVIEWER, person_ids=(user_id,)
    )
    return await _answered(visit, work, "waiting")


@routes.post("/home/action-items/{item_id}/done")
async def complete(visit: Visiting, item_id: PathId) -> Response:
    changes = {"status": ActionItemStatus.COMPLETED.value}
    return await _answered(visit, commands.change_action_item(visit.context, item_id, changes, None, None), "needs-you")


@routes.post("/home/action-items/{item_id}/snooze")
async def snooze(visit: Visiting, item_id: PathId) -> Response:
    async def work() -> None:
        days = read_form(SnoozeDays, {"days": visit.form.get("days", "")}).days
        until = visit.context.now + timedelta(days=days)
        await commands.run_action_item_command(visit.context, item_id, ActionItemAction.SNOOZE, until=until)

    return await _answered(visit, work(), "needs-you")


@routes.post("/home/postmortems/{postmortem_id}/reply")
async def reply(visit: Visiting, postmortem_id: PathId) -> Response:
    context, form = visit.context, visit.form

    async def work() -> None:
        asked = read_form(CommentNew, {"body": form.get("body", ""), "parent_id": form.get("parent") or None})
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
        await writing.add_comment(context.session, context.viewer, visible, asked.new(), context.now)

    return await _answered(visit, work(), "needs-you")

"""Action items across postmortems, and changing one."""

from dataclasses import replace
from datetime import UTC
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from api import commands
from api.pages.filtered import filtered
from api.pages.routing import Visit, Visiting, local_path, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.action_items import ActionItemPatch
from api.shapes.base import PathId, ask
from api.shapes.filters.action_items import item_filters
from application.action_items.items import may_change
from application.people.lookup import find_typed_person
from application.tickets.troubleshooting import sync_checks
from domain.action_items.action_item import ActionItemStatus, ActionItemType, is_overdue
from domain.action_items.commands import ActionItemAction
from domain.comments.formatting import Passage
from models.action_item import ActionItem
from models.queries import action_items, home
from models.queries.action_items_filtered import ItemFilters
from models.queries.pagination import Ask
from models.queries.people import people

routes = router()

STATUSES = {"open": ["OPEN", "IN_PROGRESS"], "overdue": ["OPEN", "IN_PROGRESS"], "done": ["COMPLETED", "WONT_DO"]}


async def listed(visit: Visit, wanted: ItemFilters, page: Ask) -> dict[str, Any]:
    """A page of items with what a table of them shows: owners, postmortems, and how soon each is due."""
    context = visit.context
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    today = context.now.astimezone(UTC).date()

    def urgency(item: ActionItem) -> str:
        status = ActionItemStatus(item.status)
        if item.due_on is None or status.is_settled:
            return ""
        if is_overdue(status, item.due_on, context.now):
            return "overdue"
        return "soon" if (item.due_on - today).days <= 3 else ""

    return {
        "items": found.items,
        "next_cursor": found.next_cursor,
        "owners": await people.people_by_id(context.session, [one.owner_id for one in found.items]),
        "titles": await home.titles_of(context.session, context.viewer, [one.postmortem_id for one in found.items]),
        "urgency": urgency,
        "statuses": [one.value for one in ActionItemStatus],
    }


@routes.get("/action-items")
async def list_action_items(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    filters: Annotated[ItemFilters, Depends(item_filters)],
    show_only: Annotated[Literal["open", "overdue", "done", "all"], Query(alias="show")] = "open",
    whose: Literal["mine", "teams", "all"] = "all",
) -> Response:
    context = visit.context
    wanted = replace(
        filters,
        status=filters.status or STATUSES.get(show_only, []),
        overdue=True if show_only == "overdue" else filters.overdue,
        owner_id=context.viewer.person_id if whose == "mine" else filters.owner_id,
        team_ids=sorted(context.viewer.team_ids) if whose == "teams" else None,
    )
    return await show(
        visit,
        "action_items/action_items.html",
        show_only=show_only,
        whose=whose,
        q=wanted.q or "",
        more=filtered(visit.request, set(), context.person.time_zone),
        **await listed(visit, wanted, page),
    )


@routes.get("/action-items/{item_id}")
async def read(visit: Visiting, item_id: PathId) -> Response:
    return await _shown(visit, item_id)


async def _shown(visit: Visit, item_id: str, refusal: Any = None) -> Response:
    context = visit.context
    seen = await action_items.get_visible_item(context.session, context.viewer, item_id)
    return await show(
        visit,
        "action_items/action_item.html",
        refusal,
        texts_of=seen.item.postmortem_id,
        texts_to_format={"read_as": {"details": Passage(seen.item.details)} if seen.item.details else {}},
        item=seen.item,
        owners=await people.people_by_id(context.session, [seen.item.owner_id]),
        titles=await home.titles_of(context.session, context.viewer, [seen.item.postmortem_id]),
        may_change=visit.request.state.frame["may_write"] and may_change(seen),
        statuses=[one.value for one in ActionItemStatus],
        types=[one.value for one in ActionItemType],
        overdue=is_overdue(ActionItemStatus(seen.item.status), seen.item.due_on, context.now),
        checks=await sync_checks(context.session, context.viewer, seen.item.tickets),
    )


@routes.post("/action-items/{item_id}")
async def change(visit: Visiting, item_id: PathId) -> Response:
    """What differs from the row, as the API's PATCH would take it."""
    item = (await action_items.get_visible_item(visit.context.session, visit.context.viewer, item_id)).item
    due = item.due_on.isoformat() if item.due_on else ""
    was = {
        "status": item.status,
        "dueDate": due,
        "priority": item.priority,
        "type": item.type or "",
        "description": item.description,
    }
    given: dict[str, Any] = {
        name: visit.form[name] or None
        for name, value in was.items()
        if name in visit.form and visit.form[name] != value
    }
    given |= {name: visit.form[name] for name in ("justification", "reason") if visit.form.get(name)}

    async def work() -> None:
        if (typed := visit.form.get("owner", "").strip()) or "owner" in visit.form:
            owner_id = (await find_typed_person(visit.context.session, "owner", typed)).id if typed else None
            given.update({"ownerId": owner_id} if owner_id != item.owner_id else {})
        patch = read_form(ActionItemPatch, given)
        await commands.change_action_item(visit.context, item_id, patch.columns(), patch.reason, None)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, item_id, refusal)
    return to(local_path(visit.form.get("back", "")) if visit.form.get("back") else f"/action-items/{item_id}")


@routes.post("/action-items/{item_id}/delete")
async def delete(visit: Visiting, item_id: PathId) -> Response:
    seen = await action_items.get_visible_item(visit.context.session, visit.context.viewer, item_id)
    postmortem_id = seen.item.postmortem_id
    work = commands.run_action_item_command(visit.context, item_id, ActionItemAction.DELETE)
    if refusal := await attempted(visit, work):
        return await _shown(visit, item_id, refusal)
    return to(f"/postmortems/{postmortem_id}#actionItems")

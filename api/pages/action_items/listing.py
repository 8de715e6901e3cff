"""Action items across postmortems: a table or a board, a file of them, and changing several at once."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from api import bulk
from api.files.csv_export import csv_answer
from api.pages.lists import ShownList, change_selected, find_typed, read_list, some_selected
from api.pages.routing import Visit, Visiting, read_form, router
from api.pages.showing import show
from api.shapes.action_items import CSV_COLUMNS, BulkIn, csv_row
from api.shapes.base import ask
from api.shapes.filters.action_items import item_filters
from application.action_items.exports import export_action_items
from application.action_items.items import may_change_as
from application.people.lookup import find_typed_person
from domain.action_items.action_item import ActionItemStatus, ActionItemType, Priority
from domain.errors import DomainError, Malformed, reason
from domain.views import Layout, ListName
from models.queries import action_items_listed
from models.queries.action_items_filtered import ItemFilters
from models.queries.action_items_listed import ListedItem
from models.queries.pagination import Ask
from models.queries.people import people

routes = router()

Show = Literal["open", "overdue", "completed", "done", "all"]
STATUSES: dict[str, list[str]] = {
    "open": ["OPEN", "IN_PROGRESS"],
    "overdue": ["OPEN", "IN_PROGRESS"],
    "completed": ["COMPLETED"],
    "done": ["COMPLETED", "WONT_DO"],
}
"""What each tab shows. ``done`` has no tab; links to it are older than that."""
Sort = Literal[
    "dueDate", "-dueDate", "createdAt", "-createdAt", "priority", "-priority", "status", "-status", "description",
    "-description",
]  # fmt: skip
SORTS = {"dueDate": "dueDate", "priority": "priority", "status": "status", "createdAt": "createdAt"}
"""Columns that the list can be sorted by, and the order's name."""
ON_BOARD = 50
"""Items in one column of the board."""


async def _wanted(
    visit: Visiting,
    filters: Annotated[ItemFilters, Depends(item_filters)],
    show_only: Annotated[Show, Query(alias="show")] = "open",
    whose: Literal["mine", "teams", "all"] = "all",
) -> ItemFilters:
    viewer = visit.context.viewer
    return replace(
        filters,
        status=filters.status or STATUSES.get(show_only, []),
        overdue=True if show_only == "overdue" else filters.overdue,
        owner_id=viewer.person_id if whose == "mine" else filters.owner_id,
        team_ids=sorted(viewer.team_ids) if whose == "teams" else None,
    )


Wanted = Annotated[ItemFilters, Depends(_wanted)]


@routes.get("/action-items")
async def list_action_items(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    wanted: Wanted,
    sort: Sort | None = None,
    owner: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """``owner`` is what was typed; the address that it leads to names the person's id."""
    by_default = "dueDate" if not wanted.status or "OPEN" in wanted.status else "-createdAt"
    shown = await read_list(visit, ListName.ACTION_ITEMS, sort or by_default, {"teamId", "status"})
    refusal = await find_typed(visit, shown, "owner", owner, "ownerId")
    if isinstance(refusal, Response):
        return refusal
    return await _shown(visit, shown, wanted, page, refusal)


async def _shown(
    visit: Visit, shown: ShownList, wanted: ItemFilters, page: Ask, refusal: DomainError | None
) -> Response:
    context, viewer = visit.context, visit.context.viewer
    session, now, may_write = context.session, context.now, visit.request.state.frame["may_write"]
    values: dict[str, Any] = {"items": [], "columns": [], "next_cursor": None}
    if shown.layout is Layout.BOARD:
        values["columns"] = await action_items_listed.read_board(session, viewer, wanted, ON_BOARD, now)
    else:
        found = await action_items_listed.list_items(session, viewer, wanted, shown.sort, page, now)
        values |= {"items": found.items, "next_cursor": found.next_cursor}

    def may_change(item: ListedItem) -> bool:
        return bool(may_write) and may_change_as(item.postmortem_status, item.held)

    named = {wanted.owner_id} if shown.one("ownerId") else set()
    return await show(
        visit,
        "action_items/action_items.html",
        refusal,
        list=shown,
        show_only=shown.one("show") or "open",
        whose=shown.one("whose") or "all",
        owners=await people.people_by_id(session, named),
        may_change=may_change,
        urgency=lambda item: item.urgency(now),
        sorts=SORTS,
        statuses=[one.value for one in ActionItemStatus],
        types=[one.value for one in ActionItemType],
        priorities=[one.value for one in Priority],
        **values,
    )


@routes.get("/action-items.csv")
async def download(visit: Visiting, wanted: Wanted) -> Response:
    """Everything that the list shows on all of its pages."""
    context = visit.context
    exported = export_action_items(context.parts.sessions, context.viewer, wanted, context.now)
    return csv_answer("action-items", CSV_COLUMNS, (csv_row(one, context.now) async for one in exported))


@routes.post("/action-items/bulk")
async def change_several(visit: Visiting) -> Response:
    """What was filled in, for each item that was selected. Shows those that were left as they were, and why."""
    context, form = visit.context, visit.form

    async def work() -> list[bulk.Result]:
        names = ("dueDate", "priority", "status", "type", "reason", "justification")
        changes: dict[str, Any] = {name: form[name] for name in names if form.get(name, "").strip()}
        if typed := form.get("owner", "").strip():
            changes["ownerId"] = (await find_typed_person(context.session, "owner", typed)).id
        ids = some_selected(form, "action item")
        if not changes.keys() - {"reason", "justification"}:
            raise Malformed(reasons=[reason("nothing", "Choose at least one field to change.", where="changes")])
        given = read_form(BulkIn, {"ids": ids, "changes": changes})
        columns = given.changes.columns()
        return await bulk.change_action_items(context, given.ids, columns, given.changes.reason)

    return await change_selected(
        visit,
        "action_items/bulk.html",
        "/action-items",
        work,
        partial(action_items_listed.descriptions_of, context.session, context.viewer),
        statuses=[one.value for one in ActionItemStatus],
        types=[one.value for one in ActionItemType],
        priorities=[one.value for one in Priority],
    )

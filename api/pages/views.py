"""Saving, changing and deleting views of lists, and choosing how a list is shown."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from api.pages.routing import Visit, Visiting, local_path, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.views import ViewNew, ViewPatch, view_out
from application import views as use_cases
from domain.errors import DomainError, RouteNotFound
from domain.views import COLUMNS, Audience, Layout, ListName, may_change
from models.queries import views
from models.view import SavedView

routes = router()

PATHS = {
    ListName.POSTMORTEMS: "/postmortems",
    ListName.ACTION_ITEMS: "/action-items",
    ListName.INCIDENTS: "/incidents",
}


def _sharing(form: Mapping[str, str]) -> dict[str, Any]:
    """``share`` is ME, ORGANIZATION, or a team's id."""
    share = form.get("share", Audience.ME.value)
    is_team = share not in {Audience.ME.value, Audience.ORGANIZATION.value}
    return {"sharedWith": Audience.TEAM.value if is_team else share, "teamId": share if is_team else None}


def _address(row: SavedView) -> str:
    return f"{PATHS[ListName(row.of_list)]}?{row.query}{'&' if row.query else ''}view={row.id}"


@routes.post("/views")
async def create(visit: Visiting) -> Response:
    form = visit.form
    made: list[SavedView] = []

    async def work() -> None:
        columns = form.get("columns", "").split()
        fields = {name: form.get(name, "") for name in ("name", "list", "query")}
        given = read_form(ViewNew, {**fields, "columns": columns, **_sharing(form)})
        made.append(await use_cases.add_view(visit.context.session, visit.context.viewer, given.values()))

    if refusal := await attempted(visit, work()):
        return await _form(visit, None, refusal)
    return to(_address(made[0]))


@routes.get("/views/{view_id}")
async def read(visit: Visiting, view_id: PathId) -> Response:
    """An address of a view that can be shared: leads to its list."""
    return to(_address(await views.get_view(visit.context.session, visit.context.viewer, view_id)))


@routes.get("/views/{view_id}/edit")
async def edit(visit: Visiting, view_id: PathId) -> Response:
    return await _form(visit, await views.get_view(visit.context.session, visit.context.viewer, view_id))


async def _form(visit: Visit, row: SavedView | None, refusal: DomainError | None = None) -> Response:
    """To name and share a view; with what was typed if it was refused."""
    context, form = visit.context, visit.form
    of_list = row.of_list if row else form.get("list", "")
    if of_list not in list(ListName):
        raise RouteNotFound(path=visit.request.url.path)
    frame = await views.read_list_frame(context.session, context.viewer, ListName(of_list))
    shared = Audience.ME.value
    if row:
        shared = row.team_id or (row.shared_with if row.shared_with != Audience.TEAM else shared)
    return await show(
        visit,
        "lists/view.html",
        refusal,
        view=view_out(row) if row else None,
        teams=frame.teams,
        name=form.get("name", row.name if row else ""),
        share=form.get("share", shared),
        saved={one: form.get(one, "") for one in ("list", "query", "columns")},
        back=PATHS[ListName(of_list)],
        may_change_view=row is None or may_change(context.viewer, row.owner_id, Audience(row.shared_with)),
    )


@routes.post("/views/{view_id}")
async def change(visit: Visiting, view_id: PathId) -> Response:
    """What the form has: its name and with whom it is shared, or what the list shows now."""
    context, form = visit.context, visit.form
    row = await views.get_view(context.session, context.viewer, view_id)

    async def work() -> None:
        given: dict[str, Any] = {name: form[name] for name in ("name", "query") if name in form}
        given |= {"columns": form["columns"].split()} if "columns" in form else {}
        given |= _sharing(form) if "share" in form else {}
        values = read_form(ViewPatch, given).values(ListName(row.of_list))
        await use_cases.change_view(context.session, context.viewer, view_id, values, None)

    if refusal := await attempted(visit, work()):
        return await _form(visit, await views.get_view(context.session, context.viewer, view_id), refusal)
    return to(_address(row))


@routes.post("/views/{view_id}/delete")
async def delete(visit: Visiting, view_id: PathId) -> Response:
    row = await views.get_view(visit.context.session, visit.context.viewer, view_id)
    path = PATHS[ListName(row.of_list)]
    if refusal := await attempted(visit, use_cases.delete_view(visit.context.session, visit.context.viewer, view_id)):
        return await _form(visit, row, refusal)
    return to(path)


@routes.post("/lists/{name}/display")
async def choose_display(visit: Visiting, name: ListName) -> Response:
    """The layout and the columns. Those of an open view are its own: they change with it, or it is left."""
    context, form = visit.context, visit.form
    chosen = form.get("layout") or form.get("shown", "")
    layout = Layout(chosen) if chosen in list(Layout) else None
    columns = [one for one in COLUMNS[name] if form.get(f"column.{one}") == "yes"]
    back = local_path(form.get("back", PATHS[name]))
    view = form.get("view") and await views.get_view(context.session, context.viewer, form["view"])
    if not view or not view.columns:
        await use_cases.choose_display(context.session, context.viewer, name, layout, columns)
    elif may_change(context.viewer, view.owner_id, Audience(view.shared_with)):
        await use_cases.choose_display(context.session, context.viewer, name, layout, [])
        await use_cases.change_view(context.session, context.viewer, view.id, {"columns": columns}, None)
    else:
        await use_cases.choose_display(context.session, context.viewer, name, layout, columns)
        back = back.replace(f"view={view.id}", "")
    return to(back)

"""Saved views of lists, one's own and shared ones."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.request_context import Context
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.views import ViewNew, ViewOut, ViewPatch, view_out
from api.v1.routing import router
from application import views as use_cases
from domain.views import ListName
from models.queries import views
from models.queries.pagination import Ask

routes: APIRouter = router("views", prefix="/views")


@routes.get("")
async def list_views(
    context: Context,
    page: Annotated[Ask, Depends(ask)],
    of_list: Annotated[ListName | None, Query(alias="list")] = None,
) -> Listing[ViewOut]:
    """Lists your views and those that are shared with you, oldest first."""
    found = await views.list_views(context.session, context.viewer, of_list, page)
    return Listing(items=[view_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_view(context: Context, given: ViewNew, response: Response) -> ViewOut:
    """Saves a view of a list. You can share it with a team that you belong to, or with everyone."""
    made = await use_cases.add_view(context.session, context.viewer, given.values())
    response.headers["Location"] = f"/api/views/{made.id}"
    tag(response, made.version)
    return view_out(made)


@routes.get("/{view_id}")
async def get_view(context: Context, view_id: PathId, response: Response) -> ViewOut:
    """Returns a saved view."""
    row = await views.get_view(context.session, context.viewer, view_id)
    tag(response, row.version)
    return view_out(row)


@routes.patch("/{view_id}")
async def update_view(
    context: Context, view_id: PathId, given: ViewPatch, response: Response, if_match: IfMatch = None
) -> ViewOut:
    """Changes a view. Its owner can; administrators can change shared ones."""
    await given.check_unchanged(lambda: get_view(context, view_id, response))
    row = await views.get_view(context.session, context.viewer, view_id)
    values = given.values(ListName(row.of_list))
    changed = await use_cases.change_view(context.session, context.viewer, view_id, values, expected_version(if_match))
    tag(response, changed.version)
    return view_out(changed)


@routes.delete("/{view_id}", status_code=204)
async def delete_view(context: Context, view_id: PathId) -> None:
    """Deletes a view, for everyone who uses it."""
    await use_cases.delete_view(context.session, context.viewer, view_id)

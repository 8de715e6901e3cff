"""Root-cause categories: what authors choose from."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.content import CategoryMergeIn, CategoryNew, CategoryOut, CategoryPatch, category_out
from api.v1.routing import router
from application.content import root_causes
from models.content import RootCauseCategory
from models.queries.content import root_causes as queries
from models.queries.pagination import Ask

routes: APIRouter = router("postmortems", prefix="/root-cause-categories")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("")
async def list_root_cause_categories(
    context: Context, page: Paging, active: bool | None = None
) -> Listing[CategoryOut]:
    """Lists the categories, oldest first. A postmortem's `rootCauseCategory` is a name; other text is accepted, too."""
    found = await queries.list_categories(context.session, page, active=active)
    counts = await queries.count_postmortems(context.session, context.viewer, [one.id for one in found.items])
    return Listing(items=[category_out(one, counts) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_root_cause_category(context: Context, given: CategoryNew, response: Response) -> CategoryOut:
    """Adds a category. Postmortems that have this text already count for it. Administrators only."""
    made = await root_causes.add_category(
        context.session, context.viewer, name=given.name, description=given.description
    )
    response.headers["Location"] = f"/api/root-cause-categories/{made.id}"
    return await _answer(context, made, response)


@routes.get("/{category_id}")
async def get_root_cause_category(context: Context, category_id: PathId, response: Response) -> CategoryOut:
    """Returns the category or, if it was merged, the one that it was merged into."""
    return await _answer(context, await queries.get_category(context.session, category_id), response)


@routes.patch("/{category_id}")
async def update_root_cause_category(
    context: Context, category_id: PathId, given: CategoryPatch, response: Response, if_match: IfMatch = None
) -> CategoryOut:
    """Changes a category. A new name is written into every postmortem that has the former one. Administrators only."""
    context.require_admin("change a root-cause category")
    await given.check_unchanged(lambda: get_root_cause_category(context, category_id, response))
    changed = await root_causes.change_category(
        context.session, context.viewer, category_id, given.columns(), expected_version(if_match), context.now
    )
    return await _answer(context, changed, response)


@routes.post("/{category_id}/merge")
async def merge_root_cause_category(
    context: Context, category_id: PathId, given: CategoryMergeIn, response: Response
) -> CategoryOut:
    """Gives the postmortems of this category to another one, which is returned. Administrators only."""
    kept = await root_causes.merge_category(context.session, context.viewer, category_id, given.into, context.now)
    return await _answer(context, kept, response)


async def _answer(context: RequestContext, row: RootCauseCategory, response: Response) -> CategoryOut:
    await context.session.flush()
    tag(response, row.version)
    return category_out(row, await queries.count_postmortems(context.session, context.viewer, [row.id]))

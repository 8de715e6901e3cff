"""Root-cause categories: what authors choose from, and how often they did."""

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Query, Response

from api.pages.form_fields import sent_version
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.content import CategoryMergeIn, CategoryNew, CategoryPatch
from application.content import root_causes
from domain.errors import DomainError
from models.queries.content import root_causes as queries
from models.queries.pagination import Ask

routes = router()

LIST = "/settings/root-causes"
ALL = Ask(200)


@routes.get(LIST)
async def list_categories(
    visit: Visiting,
    saved: Annotated[str, Query(max_length=1)] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    return await _shown(visit, Ask(200, cursor), saved=saved == "1")


async def _shown(visit: Visit, page: Ask = ALL, refusal: DomainError | None = None, *, saved: bool = False) -> Response:
    context = visit.context
    found = await queries.list_categories(context.session, page)
    return await show(
        visit,
        "content/root_causes.html",
        refusal,
        categories=found.items,
        next_cursor=found.next_cursor,
        counts=await queries.count_postmortems(context.session, context.viewer, [one.id for one in found.items]),
        saved=saved,
    )


async def _answered(visit: Visit, work: Awaitable[Any]) -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, ALL, refusal)
    return to(f"{LIST}?saved=1")


@routes.post(LIST)
async def create(visit: Visiting) -> Response:
    context, form = visit.context, visit.form
    context.require_admin("add a root-cause category")

    async def work() -> None:
        sent = {"name": form.get("name", ""), "description": form.get("description", "")}
        given = read_form(CategoryNew, sent)
        await root_causes.add_category(context.session, context.viewer, name=given.name, description=given.description)

    return await _answered(visit, work())


@routes.post(f"{LIST}/{{category_id}}")
async def save(visit: Visiting, category_id: PathId) -> Response:
    context, form = visit.context, visit.form
    context.require_admin("change a root-cause category")

    async def work() -> None:
        sent = {
            "name": form.get("name", ""),
            "description": form.get("description", ""),
            "active": form.get("active") == "yes",
        }
        changes = read_form(CategoryPatch, sent).columns()
        await root_causes.change_category(
            context.session, context.viewer, category_id, changes, sent_version(form), context.now
        )

    return await _answered(visit, work())


@routes.post(f"{LIST}/{{category_id}}/merge")
async def merge(visit: Visiting, category_id: PathId) -> Response:
    context = visit.context
    context.require_admin("merge root-cause categories")

    async def work() -> None:
        into = read_form(CategoryMergeIn, {"into": visit.form.get("into")}).into
        await root_causes.merge_category(context.session, context.viewer, category_id, into, context.now)

    return await _answered(visit, work())

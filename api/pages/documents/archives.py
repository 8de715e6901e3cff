"""Pages of archives: start one of the list of postmortems, or of the whole organization, follow it, download it."""

from typing import Annotated

from fastapi import Depends, Response

from api.files.answers import archive_answer
from api.pages.lists import selected
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.views import postmortem_filters_of
from application.documents import archives
from application.documents.archives import Wanted
from domain.documents.formats import Format
from domain.documents.jobs import JobKind, JobState
from domain.errors import DomainError, Malformed, reason
from models.base import new_id
from models.queries.documents import jobs
from models.queries.pagination import Ask
from models.queries.postmortems import shown_list

routes = router()

Paging = Annotated[Ask, Depends(ask)]
MOST = 1000
"""Postmortems of a list that one archive holds."""


@routes.get("/exports")
async def list_exports(visit: Visiting, page: Paging) -> Response:
    return await _listed(visit, page)


async def _listed(visit: Visit, page: Ask, refusal: DomainError | None = None) -> Response:
    context = visit.context
    found = await jobs.list_jobs(context.session, context.viewer, JobKind.EXPORT, page)
    return await show(
        visit,
        "documents/archives.html",
        refusal,
        archives=found,
        is_running=any(not JobState(one.state).is_over for one in found.items),
        formats=[(one.value, one.label) for one in Format],
        by_default={Format.MARKDOWN.value, Format.JSON.value},
    )


@routes.post("/exports")
async def create(visit: Visiting) -> Response:
    context, form = visit.context, visit.form

    async def work() -> None:
        formats = [one for one in Format if form.get(f"format.{one.value}") == "yes"]
        if not formats:
            raise Malformed(reasons=[reason("formats", "Choose at least one format.", where="formats")])
        job_id = new_id("exp")
        wanted = Wanted(None if form.get("scope") == "ORGANIZATION" else await _chosen_ids(visit), formats)
        await archives.request_archive(context.session, context.viewer, job_id, wanted, context.now)
        context.after_commit.append(lambda: context.parts.dispatch.start_export(job_id))

    refusal = await attempted(visit, work())
    return to("/exports") if refusal is None else await _listed(visit, Ask(), refusal)


async def _chosen_ids(visit: Visit) -> list[str]:
    """Those that were selected or else that the list of postmortems showed with these filters, and that came since.

    Raises Malformed.
    """
    form, context = visit.form, visit.context
    if ids := selected(form)[:MOST]:
        return ids
    filters = await postmortem_filters_of(form.get("query", ""))
    page = Ask(200)
    while len(ids) < MOST:
        found = await shown_list.list_postmortems(context.session, context.viewer, filters, page, context.now)
        ids += [one.id for one in found.items]
        if found.next_cursor is None:
            break
        page = Ask(200, found.next_cursor)
    if not ids:
        raise Malformed(reasons=[reason("none", "No postmortem matches. Change the filters first.", where="q")])
    return ids[:MOST]


@routes.get("/exports/{export_id}/archive")
async def download(visit: Visiting, export_id: PathId) -> Response:
    return await archive_answer(visit.context, export_id)

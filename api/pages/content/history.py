"""The history of a section: who changed it when, what was changed between two revisions, and restoring one."""

from typing import Annotated

from fastapi import Query, Response

from api.pages.postmortems.reading import titles_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, SectionName, expected_version
from api.shapes.content import LAST, RestoreIn
from application import text_work
from application.content import revisions, sections
from domain import access
from domain.access import Verb
from domain.content.diffs import compare_for_page
from domain.errors import DomainError
from domain.postmortems.lifecycle import Status
from models.queries.content.revisions import get_previous_revision
from models.queries.content.templates import get_postmortem_template
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.postmortems.postmortems import get_visible

routes = router()

RevisionQuery = Annotated[int | None, Query(ge=0, le=LAST)]
ORIGINS = {"edit": "", "merge": "merged with someone else\u2019s changes", "prefill": "first version"}


@routes.get("/postmortems/{postmortem_id}/history/{name}")
async def read_history(
    visit: Visiting,
    postmortem_id: PathId,
    name: SectionName,
    older: Annotated[RevisionQuery, Query(alias="from")] = None,
    newer: Annotated[RevisionQuery, Query(alias="to")] = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    return await _shown(visit, postmortem_id, name, older, newer, cursor)


async def _shown(
    visit: Visit,
    postmortem_id: str,
    name: str,
    older: int | None = None,
    newer: int | None = None,
    cursor: str | None = None,
    refusal: DomainError | None = None,
) -> Response:
    session, viewer = visit.context.session, visit.context.viewer
    found = await revisions.list_revisions(session, viewer, postmortem_id, name, Ask(50, cursor))
    before, after = await revisions.get_two_revisions(session, viewer, postmortem_id, name, older, newer)
    current = (await sections.get_section(session, viewer, postmortem_id, name)).revision
    visible = await get_visible(session, viewer, postmortem_id)
    may_edit = access.may(Verb.EDIT, Status(visible.postmortem.status), visible.relations)
    return await show(
        visit,
        "content/history.html",
        refusal,
        postmortem=visible.postmortem,
        name=name,
        title=titles_of(await get_postmortem_template(session, visible.postmortem)).get(name, name),
        revisions=found.items,
        next_cursor=found.next_cursor,
        people=await people.people_by_id(session, [one.author_id for one in found.items]),
        older=before.revision,
        newer=after.revision,
        previous=await get_previous_revision(session, postmortem_id, name, after.revision),
        current=current,
        difference=await text_work.run(
            compare_for_page, before.body, after.body, length=len(before.body) + len(after.body)
        ),
        origins=ORIGINS,
        may_restore=visit.request.state.frame["may_write"] and may_edit,
    )


@routes.post("/postmortems/{postmortem_id}/history/{name}/restore")
async def restore(visit: Visiting, postmortem_id: PathId, name: SectionName) -> Response:
    """``current`` is the revision that was shown as the newest: a later one is not overwritten unvisible."""
    form = visit.form

    async def work() -> None:
        context = visit.context
        given = read_form(RestoreIn, {"revision": form.get("revision", "")})
        base_revision = expected_version(f'"{form.get("current", "")}"')
        saved = await sections.restore_section(
            context.session,
            context.viewer,
            postmortem_id,
            name,
            given.revision,
            base_revision=base_revision,
            now=context.now,
        )
        context.start_workflow_if(saved.started, postmortem_id)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, postmortem_id, name, refusal=refusal)
    return to(f"/postmortems/{postmortem_id}/history/{name}?restored={form.get('revision', '')}")

"""The texts of a postmortem one by one: read, save, merge, look back, restore.

Two people in different sections never meet. In the same one, whoever names the revision that they began with gets the
other's lines merged in, or both texts back where that is not possible.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.files.answers import shown_files
from api.rendering import with_files
from api.request_context import Context
from api.shapes.base import IfMatch, Listing, PathId, SectionName, ask, expected_version, tag
from api.shapes.content import (
    LAST,
    DiffOut,
    RestoreIn,
    RevisionOut,
    RevisionRead,
    SectionPut,
    SectionRead,
    SectionSaved,
    SectionsOut,
    SectionTextOut,
    diff_json,
    revision_read,
    section_fields,
)
from api.v1.routing import router
from application import text_work
from application.content import revisions, sections
from domain.comments.formatting import Passage
from domain.content.diffs import Difference, compare
from domain.errors import Malformed, reason
from models.queries.pagination import Ask

routes: APIRouter = router("sections", prefix="/postmortems/{postmortem_id}/sections")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("")
async def list_sections(context: Context, postmortem_id: PathId) -> SectionsOut:
    """Lists all sections in the order of the template, including those not written yet."""
    found = await sections.list_sections(context.session, context.viewer, postmortem_id)
    return SectionsOut(items=[SectionTextOut.model_validate(one) for one in found])


@routes.get("/{name}", response_model_exclude_unset=True)
async def get_section(
    context: Context,
    postmortem_id: PathId,
    name: SectionName,
    response: Response,
    render_as: Annotated[Literal["html"] | None, Query(alias="render")] = None,
) -> SectionRead:
    """Returns a section. Its ETag is its revision. ``render=html`` adds the text as HTML."""
    section = await sections.get_section(context.session, context.viewer, postmortem_id, name)
    tag(response, section.revision)
    shown = {}
    if render_as:
        (html,) = await context.parts.formatter.format([Passage(section.body)])
        base = f"{context.parts.settings.base_url}/api/postmortems/{postmortem_id}/attachments"
        files = await shown_files(context, postmortem_id, [section.body], base)
        shown = {"html": str(await asyncio.to_thread(with_files, html, files))}
    return SectionRead.model_validate(section_fields(section) | shown)


@routes.put("/{name}")
async def save_section(
    context: Context,
    postmortem_id: PathId,
    name: SectionName,
    given: SectionPut,
    response: Response,
    if_match: IfMatch = None,
) -> SectionSaved:
    """Saves a section's text. If-Match means the same as ``baseRevision``. If others have changed the section since
    then, their changes and yours are merged line by line. If you both changed the same lines, nothing is saved and
    the response is 412 ``SectionConflict`` with all three texts."""
    saved = await sections.save_section(
        context.session,
        context.viewer,
        postmortem_id,
        name,
        given.body,
        base_revision=_base(given.base_revision, if_match),
        now=context.now,
    )
    context.start_workflow_if(saved.started, postmortem_id)
    tag(response, saved.section.revision)
    return SectionSaved.model_validate(section_fields(saved.section) | {"merged": saved.merged})


def _base(given: int | None, if_match: str | None) -> int | None:
    expected = expected_version(if_match)
    if given is not None and expected is not None and given != expected:
        words = f"If-Match names revision {expected}, baseRevision {given}. Send one of them."
        raise Malformed(reasons=[reason("two_bases", words, where="body.baseRevision")])
    return expected if given is None else given


@routes.post("/{name}/restore")
async def restore_section(
    context: Context,
    postmortem_id: PathId,
    name: SectionName,
    given: RestoreIn,
    response: Response,
    if_match: IfMatch = None,
) -> SectionTextOut:
    """Saves an earlier revision as the newest one. The history keeps the current text."""
    saved = await sections.restore_section(
        context.session,
        context.viewer,
        postmortem_id,
        name,
        given.revision,
        base_revision=expected_version(if_match),
        now=context.now,
    )
    context.start_workflow_if(saved.started, postmortem_id)
    tag(response, saved.section.revision)
    return SectionTextOut.model_validate(saved.section)


@routes.get("/{name}/revisions")
async def list_section_revisions(
    context: Context, postmortem_id: PathId, name: SectionName, page: Paging
) -> Listing[RevisionOut]:
    """Lists the section's revisions, newest first."""
    found = await revisions.list_revisions(context.session, context.viewer, postmortem_id, name, page)
    return Listing(items=[RevisionOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{name}/revisions/{revision}")
async def get_section_revision(
    context: Context, postmortem_id: PathId, name: SectionName, revision: Annotated[int, Path(ge=1, le=LAST)]
) -> RevisionRead:
    """Returns the text of a section as it was in that revision."""
    found = await revisions.get_revision(context.session, context.viewer, postmortem_id, name, revision)
    return revision_read(found)


@routes.get("/{name}/diff", response_model=DiffOut)
async def compare_section_revisions(
    context: Context,
    postmortem_id: PathId,
    name: SectionName,
    older: Annotated[int | None, Query(alias="from", ge=0, le=LAST)] = None,
    newer: Annotated[int | None, Query(alias="to", ge=0, le=LAST)] = None,
) -> Response:
    """Compares two revisions; by default, the last one with the one before. Revision 0 is the empty text before the
    first.

    If very long texts have little in common, all lines are shown as replaced.
    """
    before, after = await revisions.get_two_revisions(
        context.session, context.viewer, postmortem_id, name, older, newer
    )
    length = len(before.body) + len(after.body)
    found = await text_work.run(compare, before.body, after.body, length=length)
    return await asyncio.to_thread(_written, name, before.revision, after.revision, found)


def _written(name: str, older: int, newer: int, found: Difference) -> Response:
    """In a thread: texts of 100,000 lines take a while."""
    return Response(diff_json(name, older, newer, found), media_type="application/json")

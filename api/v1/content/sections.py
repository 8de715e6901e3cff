"""The texts of a postmortem one by one: read, save, merge, look back, restore.

Two people in different sections never meet. In the same one, whoever names the revision that they began with gets the
other's lines merged in, or both texts back where that is not possible.
"""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from api.request_context import Context
from api.shapes.base import (
    SECTION_NAME,
    IfMatch,
    Listing,
    Markdown,
    PathId,
    Shape,
    StrictlyGiven,
    ask,
    expected_version,
    tag,
)
from api.v1.postmortems.postmortems import start_after_commit
from api.v1.routing import router
from domain.content.diffs import Difference, Line, Op, compare
from domain.content.markdown import render
from domain.content.sections import Origin
from domain.errors import Malformed, reason
from models.queries.content import sections
from models.queries.content.sections import Revision, SectionText
from models.queries.pagination import Ask
from models.section import SectionRevision

routes: APIRouter = router("sections", prefix="/postmortems/{postmortem_id}/sections")

LAST = 2**53
Name = Annotated[str, Path(pattern=SECTION_NAME)]
RevisionNumber = Annotated[int, Field(ge=0, le=LAST)]
Paging = Annotated[Ask, Depends(ask)]


class SectionPut(StrictlyGiven):
    """``baseRevision`` is the revision that you edited. Without it and without If-Match, your text replaces the
    current one."""

    body: Markdown
    base_revision: RevisionNumber | None = None


class RestoreIn(StrictlyGiven):
    revision: Annotated[int, Field(ge=1, le=LAST)]


class SectionOut(Shape):
    """``revision`` 0: not written yet. ``updatedBy`` null: changed by the system."""

    name: str
    body: str
    revision: int
    updated_at: datetime | None
    updated_by: str | None


class SectionRead(SectionOut):
    """``html`` is safe to insert into a page. It is only present if you requested it."""

    html: str | None = None


class SectionSaved(SectionOut):
    """``merged``: others changed the section since then, and the body contains their changes and yours."""

    merged: bool


class SectionsOut(Shape):
    items: list[SectionOut]


class RevisionOut(Shape):
    """Lines are compared with the revision before. A line that only moved is neither added nor removed."""

    revision: int
    author_id: str | None
    at: datetime
    origin: Origin
    restored_from: int | None
    characters: int
    added_lines: int
    removed_lines: int


class RevisionRead(RevisionOut):
    body: str


class PartOut(Shape):
    text: str
    changed: bool


class LineOut(Shape):
    """``parts`` is only set on lines that changed in part."""

    op: Op
    text: str
    parts: list[PartOut] | None = None


class HunkOut(Shape):
    """Line numbers of the first line in both texts, counted from 1."""

    from_line: int
    to_line: int
    lines: list[LineOut]


class DiffOut(Shape):
    name: str
    from_revision: Annotated[int, Field(alias="from")]
    to_revision: Annotated[int, Field(alias="to")]
    added_lines: int
    removed_lines: int
    hunks: list[HunkOut]


def _fields(section: SectionText) -> dict[str, object]:
    return {
        "name": section.name,
        "body": section.body,
        "revision": section.revision,
        "updated_at": section.updated_at,
        "updated_by": section.updated_by,
    }


@routes.get("")
async def list_sections(context: Context, postmortem_id: PathId) -> SectionsOut:
    """Lists all sections in the order of the template, including those not written yet."""
    found = await sections.list_sections(context.session, context.viewer, postmortem_id)
    return SectionsOut(items=[SectionOut.model_validate(one) for one in found])


@routes.get("/{name}", response_model_exclude_unset=True)
async def get_section(
    context: Context,
    postmortem_id: PathId,
    name: Name,
    response: Response,
    render_as: Annotated[Literal["html"] | None, Query(alias="render")] = None,
) -> SectionRead:
    """Returns a section. Its ETag is its revision. ``render=html`` adds the text as HTML."""
    section = await sections.get_section(context.session, context.viewer, postmortem_id, name)
    tag(response, section.revision)
    shown = {"html": await asyncio.to_thread(render, section.body)} if render_as else {}
    return SectionRead.model_validate(_fields(section) | shown)


@routes.put("/{name}")
async def save_section(
    context: Context, postmortem_id: PathId, name: Name, given: SectionPut, response: Response, if_match: IfMatch = None
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
    if saved.started:
        start_after_commit(context, postmortem_id)
    tag(response, saved.section.revision)
    return SectionSaved.model_validate(_fields(saved.section) | {"merged": saved.merged})


def _base(told: int | None, if_match: str | None) -> int | None:
    expected = expected_version(if_match)
    if told is not None and expected is not None and told != expected:
        words = f"If-Match names revision {expected}, baseRevision {told}. Send one of them."
        raise Malformed(reasons=[reason("two_bases", words, where="body.baseRevision")])
    return expected if told is None else told


@routes.post("/{name}/restore")
async def restore_section(
    context: Context, postmortem_id: PathId, name: Name, given: RestoreIn, response: Response, if_match: IfMatch = None
) -> SectionOut:
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
    if saved.started:
        start_after_commit(context, postmortem_id)
    tag(response, saved.section.revision)
    return SectionOut.model_validate(saved.section)


@routes.get("/{name}/revisions")
async def list_revisions(context: Context, postmortem_id: PathId, name: Name, page: Paging) -> Listing[RevisionOut]:
    """Lists the section's revisions, newest first."""
    found = await sections.list_revisions(context.session, context.viewer, postmortem_id, name, page)
    return Listing(items=[RevisionOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{name}/revisions/{revision}")
async def get_revision(
    context: Context, postmortem_id: PathId, name: Name, revision: Annotated[int, Path(ge=1, le=LAST)]
) -> RevisionRead:
    found = await sections.get_revision(context.session, context.viewer, postmortem_id, name, revision)
    return _revision_read(found)


def _revision_read(row: SectionRevision) -> RevisionRead:
    entry = Revision(
        row.revision,
        row.author_id,
        row.at,
        Origin(row.origin),
        row.restored_from,
        len(row.body),
        row.added_lines,
        row.removed_lines,
    )
    return RevisionRead(**RevisionOut.model_validate(entry).model_dump(), body=row.body)


@routes.get("/{name}/diff", response_model_exclude_none=True)
async def diff_section(
    context: Context,
    postmortem_id: PathId,
    name: Name,
    older: Annotated[int | None, Query(alias="from", ge=0, le=LAST)] = None,
    newer: Annotated[int | None, Query(alias="to", ge=0, le=LAST)] = None,
) -> DiffOut:
    """Compares two revisions; by default, the last one with the one before. Revision 0 is the empty text before the
    first.

    If very long texts have little in common, all lines are shown as replaced.
    """
    before, after = await sections.get_two_texts(context.session, context.viewer, postmortem_id, name, older, newer)
    return await asyncio.to_thread(
        lambda: _diff_out(name, before.revision, after.revision, compare(before.text, after.text))
    )


def _diff_out(name: str, older: int, newer: int, found: Difference) -> DiffOut:
    hunks = [
        HunkOut.model_construct(
            from_line=one.from_line, to_line=one.to_line, lines=[_line_out(line) for line in one.lines]
        )
        for one in found.hunks
    ]
    return DiffOut.model_construct(
        name=name,
        from_revision=older,
        to_revision=newer,
        added_lines=found.added,
        removed_lines=found.removed,
        hunks=hunks,
    )


def _line_out(line: Line) -> LineOut:
    parts = [PartOut.model_construct(text=one.text, changed=one.changed) for one in line.parts]
    return LineOut.model_construct(op=line.op, text=line.text, parts=parts or None)

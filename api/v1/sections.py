"""The sections of a postmortem: read, save with a merge, history, restore."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from api.unit import Asking, Unit
from api.v1.postmortem_shapes import SectionMeta, in_order, section_meta
from api.v1.postmortems import start_after_commit
from api.v1.routing import router
from api.v1.shapes import (
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
from domain import differences, markup
from domain.sections import Origin
from models.queries import sections
from models.queries.pages import Ask
from models.queries.sections import Saved
from models.section import Section

routes: APIRouter = router("sections", prefix="/postmortems/{postmortem_id}/sections")

SectionName = Annotated[str, Path(pattern=SECTION_NAME)]
Paging = Annotated[Ask, Depends(ask)]
Rendering = Annotated[Literal["html"] | None, Query(description="Adds `html`, which is safe to show.")]
Revision = Annotated[int, Field(ge=0, lt=2**53)]


class SectionOut(SectionMeta):
    """``html`` is there where it was asked for; ``merged`` where a save was put together with somebody else's."""

    body: str
    html: str | None = None
    merged: bool = False


class SectionIn(StrictlyGiven):
    """``baseRevision`` is the revision that the text was written on; or send its ETag as If-Match."""

    body: Markdown
    base_revision: Revision | None = None


class RestoreIn(StrictlyGiven):
    revision: Annotated[int, Field(ge=1, lt=2**53)]


class RevisionLineOut(Shape):
    revision: int
    author_id: str | None
    at: datetime
    origin: Origin
    restored_from: int | None
    size: int
    added_lines: int
    removed_lines: int


class RevisionOut(Shape):
    revision: int
    author_id: str | None
    at: datetime
    origin: Origin
    restored_from: int | None
    body: str


class PieceOut(Shape):
    text: str
    changed: bool


class LineOut(Shape):
    kind: Literal["equal", "insert", "delete"]
    text: str
    pieces: list[PieceOut]


class HunkOut(Shape):
    from_line: int
    to_line: int
    lines: list[LineOut]


class DiffOut(Shape):
    from_revision: int
    to_revision: int
    hunks: list[HunkOut]


def _out(name: str, section: Section | None, render: str | None, *, merged: bool = False) -> SectionOut:
    body = section.body if section else ""
    meta = section_meta(name, section).model_dump()
    return SectionOut(**meta, body=body, html=markup.render(body) if render else None, merged=merged)


@routes.get("")
async def list_sections(unit: Asking, postmortem_id: PathId, render: Rendering = None) -> Listing[SectionOut]:
    """All standard sections in their order, also those that nobody wrote (revision 0), then the custom ones."""
    found = await sections.list_sections(unit.session, unit.viewer, postmortem_id)
    return Listing(items=[_out(name, found.get(name), render) for name in in_order(found)])


@routes.get("/{name}")
async def get_section(
    unit: Asking, postmortem_id: PathId, name: SectionName, response: Response, render: Rendering = None
) -> SectionOut:
    return await _read(unit, postmortem_id, name, response, render)


@routes.put("/{name}")
async def save_section(
    unit: Asking,
    postmortem_id: PathId,
    name: SectionName,
    given: SectionIn,
    response: Response,
    if_match: IfMatch = None,
    render: Rendering = None,
) -> SectionOut:
    """Saves the text on top of its base. Where others saved meanwhile, both are merged if that is clean.

    Otherwise 412 ``SectionConflict`` with ``yours``, ``current``, ``base`` and ``currentRevision``. Without any base
    the text counts as written on an empty section; ``If-Match: *`` saves over whatever stands.
    """
    base = given.base_revision
    if base is None:
        base = expected_version(if_match)
    if base is None and if_match is None:
        base = 0
    saved = await sections.save_section(unit.session, unit.viewer, postmortem_id, name, given.body, base, unit.now)
    return await _after(unit, postmortem_id, name, saved, response, render)


@routes.post("/{name}/restore")
async def restore_section(
    unit: Asking, postmortem_id: PathId, name: SectionName, given: RestoreIn, response: Response
) -> SectionOut:
    """A new revision that equals an old one."""
    saved = await sections.restore_section(unit.session, unit.viewer, postmortem_id, name, given.revision, unit.now)
    return await _after(unit, postmortem_id, name, saved, response, None)


async def _after(
    unit: Unit, postmortem_id: str, name: str, saved: Saved, response: Response, render: str | None
) -> SectionOut:
    if saved.started:
        start_after_commit(unit, postmortem_id)
    return await _read(unit, postmortem_id, name, response, render, merged=saved.merged)


async def _read(
    unit: Unit, postmortem_id: str, name: str, response: Response, render: str | None, *, merged: bool = False
) -> SectionOut:
    section = await sections.find_section(unit.session, unit.viewer, postmortem_id, name)
    tag(response, section.revision if section else 0)
    return _out(name, section, render, merged=merged)


# History


@routes.get("/{name}/revisions")
async def list_revisions(
    unit: Asking, postmortem_id: PathId, name: SectionName, page: Paging
) -> Listing[RevisionLineOut]:
    """Newest first. ``size`` is in bytes."""
    found = await sections.list_revisions(unit.session, unit.viewer, postmortem_id, name, page)
    return Listing(items=[RevisionLineOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{name}/revisions/{revision}")
async def get_revision(
    unit: Asking, postmortem_id: PathId, name: SectionName, revision: Annotated[int, Path(ge=1, lt=2**53)]
) -> RevisionOut:
    row = await sections.get_revision(unit.session, unit.viewer, postmortem_id, name, revision)
    return RevisionOut.model_validate(row)


@routes.get("/{name}/diff")
async def compare_revisions(
    unit: Asking,
    postmortem_id: PathId,
    name: SectionName,
    earlier: Annotated[int, Query(alias="from", ge=0, lt=2**53)],
    later: Annotated[int, Query(alias="to", ge=0, lt=2**53)],
) -> DiffOut:
    """Hunks of lines; ``pieces`` mark the words that changed. Revision 0 is the empty text before the first."""
    before, after = await sections.get_texts(unit.session, unit.viewer, postmortem_id, name, [earlier, later])
    hunks = await asyncio.to_thread(differences.compare, before, after)
    return DiffOut(from_revision=earlier, to_revision=later, hunks=[HunkOut.model_validate(one) for one in hunks])

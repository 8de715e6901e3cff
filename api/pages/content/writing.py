"""Writing a section where it is shown: the editor that opens in its place, saving while somebody types, and a preview.

Scripts ask these doors, and get JSON or a part of a page. Without scripts people use the form of all sections.
"""

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.files.answers import shown_files
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted
from api.rendering import Page
from api.shapes.base import Markdown, PathId, SectionName, StrictlyGiven
from api.shapes.content import RevisionNumber
from application.content import autosaving
from application.content.autosaving import Autosaved
from domain.comments.formatting import Passage
from domain.errors import SectionConflict
from domain.postmortems.lifecycle import Status
from models.queries.content.sections import get_section_text
from models.queries.content.templates import get_content
from models.queries.people import people
from models.queries.postmortems.postmortems import get_visible

routes = router()


class Typed(StrictlyGiven):
    """``editing`` names one editing of a section, from when it was opened."""

    body: Markdown
    base: RevisionNumber
    editing: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,60}$")]


class Previewed(StrictlyGiven):
    body: Markdown


def _typed(visit: Visit) -> Typed:
    """Raises Malformed."""
    return read_form(Typed, {name: visit.form.get(name, "") for name in ("body", "base", "editing")})


@routes.get("/postmortems/{postmortem_id}/sections/{name}/editor")
async def open_editor(visit: Visiting, postmortem_id: PathId, name: SectionName) -> Response:
    """A part of a page. Its text is the reader's own copy, if there is one."""
    context = visit.context
    found = await autosaving.open_section(context.session, context.viewer, postmortem_id, name)
    postmortem = found.visible.postmortem
    template = await get_content(context.session, postmortem.template_id, postmortem.template_version)
    values = {
        "section": next(one for one in template.sections if one.key == name),
        "postmortem": postmortem,
        "text": found.draft.body if found.draft else found.section.body,
        "saved_text": found.section.body,
        "base": found.draft.base_revision if found.draft else found.section.revision,
        "draft": found.draft,
        "saves_itself": postmortem.status == Status.DRAFT,
    }
    context.session.expunge_all()
    return Page("content/section_editor.html", _frame(visit) | values, {}, 200, context.person.time_zone, {})


def _frame(visit: Visit) -> dict[str, Any]:
    return {**visit.request.state.frame, "now": visit.context.now, "refusal": None, "form": {}}


@routes.post("/postmortems/{postmortem_id}/sections/{name}/autosave")
async def autosave(visit: Visiting, postmortem_id: PathId, name: SectionName) -> Response:
    """What a person typed so far; see ``application.content.autosaving``."""
    context, typed = visit.context, _typed(visit)
    saving = autosaving.autosave_section(
        context.session,
        context.viewer,
        postmortem_id,
        name,
        typed.body,
        base_revision=typed.base,
        editing_id=typed.editing,
        now=context.now,
        continues_draft=visit.form.get("draft") == "yes",
    )
    return await _answered(visit, postmortem_id, name, typed, saving)


@routes.post("/postmortems/{postmortem_id}/sections/{name}/save")
async def save(visit: Visiting, postmortem_id: PathId, name: SectionName) -> Response:
    """Makes the text the section's in every status, and drops the writer's own copy."""
    context, typed = visit.context, _typed(visit)
    saving = autosaving.save_draft(
        context.session, context.viewer, postmortem_id, name, typed.body, base_revision=typed.base, now=context.now
    )
    return await _answered(visit, postmortem_id, name, typed, saving)


async def _answered(
    visit: Visit, postmortem_id: str, name: str, typed: Typed, saving: Awaitable[Autosaved]
) -> Response:
    saved: list[Autosaved] = []

    async def work() -> None:
        saved.append(await saving)
        visit.context.start_workflow_if(saved[0].started, postmortem_id)

    refusal = await attempted(visit, work())
    if isinstance(refusal, SectionConflict):
        return await _conflict(visit, postmortem_id, name, typed, refusal)
    if refusal is not None:
        raise refusal
    one = saved[0]
    answer: dict[str, Any] = {"draft": one.is_draft, "base": one.base_revision}
    if one.text != typed.body:
        answer |= {"text": one.text, "textBase": one.text_revision}
    return JSONResponse(answer)


async def _conflict(visit: Visit, postmortem_id: str, name: str, typed: Typed, refusal: SectionConflict) -> Response:
    """The text is kept as its writer's own copy until they have chosen; who wrote the other one, and when."""
    context = visit.context
    await autosaving.keep_draft(
        context.session, context.viewer, postmortem_id, name, typed.body, typed.base, context.now
    )
    current = await get_section_text(context.session, postmortem_id, name)
    known = await people.people_by_id(context.session, [current.updated_by])
    author = known.get(current.updated_by or "")
    told = {
        "code": refusal.code,
        "title": refusal.title,
        "text": current.body,
        "base": current.revision,
        "by": author.name if author else None,
        "at": current.updated_at.isoformat() if current.updated_at else None,
    }
    return JSONResponse(told, 412)


@routes.post("/postmortems/{postmortem_id}/sections/{name}/discard")
async def discard(visit: Visiting, postmortem_id: PathId, name: SectionName) -> Response:
    """Drops the reader's own copy."""
    context = visit.context
    await get_visible(context.session, context.viewer, postmortem_id)
    await autosaving.discard_drafts(context.session, context.viewer, postmortem_id, [name])
    return to(f"/postmortems/{postmortem_id}#{name}")


@routes.post("/postmortems/{postmortem_id}/sections/{name}/preview")
async def preview(visit: Visiting, postmortem_id: PathId, name: SectionName) -> Response:
    """The text as the page would show it, as a part of a page."""
    context, text = visit.context, read_form(Previewed, {"body": visit.form.get("body", "")}).body
    await get_visible(context.session, context.viewer, postmortem_id)
    files = await shown_files(context, postmortem_id, [text], "/attachments")
    context.session.expunge_all()
    texts = {"read_as": {name: Passage(text)}}
    return Page("content/preview.html", _frame(visit) | {"name": name}, texts, 200, context.person.time_zone, files)

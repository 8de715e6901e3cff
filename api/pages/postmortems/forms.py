"""The forms on a postmortem's page that add to it: comments, action items and timeline events."""

import re
from collections.abc import Awaitable
from typing import Any

from fastapi import Response

from api import commands
from api.pages.postmortems.form_answers import person_id
from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted
from api.shapes.action_items import ActionItemNew
from api.shapes.base import PathId
from api.shapes.comments import CommentNew, CommentPatch
from application import text_work
from application.comments import writing
from domain.content.visible_text import source_of
from models.queries.content.sections import find_section_texts
from models.queries.postmortems import postmortems

routes = router()


async def _submit(visit: Visit, postmortem_id: str, work: Awaitable[Any], fragment: str) -> Response:
    if refusal := await attempted(visit, work):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}#{fragment}")


@routes.post("/postmortems/{postmortem_id}/comments")
async def add_comment(visit: Visiting, postmortem_id: PathId) -> Response:
    context, form = visit.context, visit.form

    async def work() -> None:
        given: dict[str, Any] = {"body": form.get("body", ""), "section": form.get("section") or None}
        if form.get("quote", "").strip():
            given["anchor"] = await _anchor(visit, postmortem_id)
        asked = read_form(CommentNew, given | {"parent_id": form.get("parent") or None})
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
        await writing.add_comment(context.session, context.viewer, visible, asked.new(), context.now)

    return await _submit(visit, postmortem_id, work(), f"talk-{form.get('section') or 'all'}")


async def _anchor(visit: Visit, postmortem_id: str) -> dict[str, Any]:
    """The text that was selected on the page, as an anchor in the Markdown of its section.

    ``from`` counts the letters before it. If the text is not found there, the anchor is the quote itself, whose
    refusal names it.
    """
    context, quote, section = visit.context, visit.form["quote"], visit.form.get("section", "")
    await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    body = (await find_section_texts(context.session, postmortem_id, [section])).get(section)
    first = visit.form.get("from", "")
    first_letter = int(first) if re.fullmatch("[0-9]{1,7}", first) else 0
    place = None
    if body:
        place = await text_work.run(source_of, body.body, quote, first_letter, length=len(body.body))
    return {"start": place[0], "end": place[1]} if place else {"quote": quote}


@routes.post("/postmortems/{postmortem_id}/comments/{comment_id}/resolve")
async def resolve(visit: Visiting, postmortem_id: PathId, comment_id: PathId) -> Response:
    context = visit.context
    changes = CommentPatch(resolved=visit.form.get("resolved") != "no").changes()

    async def work() -> None:
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
        await writing.change_comment(context.session, context.viewer, visible, comment_id, changes, None, context.now)

    return await _submit(visit, postmortem_id, work(), f"c-{comment_id}")


@routes.post("/postmortems/{postmortem_id}/action-items")
async def add_item(visit: Visiting, postmortem_id: PathId) -> Response:
    form = visit.form

    async def work() -> None:
        owner_id = await person_id(visit, "owner") if form.get("owner", "").strip() else None
        given = {"description": form.get("description", ""), "priority": form.get("priority", "MEDIUM")}
        new = read_form(ActionItemNew, given | {"owner_id": owner_id, "due_date": form.get("dueDate") or None})
        await commands.add_action_item(visit.context, postmortem_id, new.columns())

    return await _submit(visit, postmortem_id, work(), "actionItems")

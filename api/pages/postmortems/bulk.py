"""Changing several postmortems at once: their tags, a team more, another author."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Response

from api import bulk
from api.pages.lists import change_selected, some_selected
from api.pages.postmortems.fields import parts
from api.pages.routing import Visit, Visiting, read_form, router
from api.request_context import RequestContext
from api.shapes.postmortems import MOST_TAGS, PostmortemPatch
from application.people.lookup import find_typed_person
from application.people.references import check_teams
from application.postmortems.editing import edit_postmortem
from domain.errors import Malformed, reason
from models.queries.home import titles_of
from models.queries.people import choices
from models.queries.postmortems import links, postmortems

routes = router()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tags to add and to remove; an id, or nothing, of a team to add and of the new author."""

    added: Sequence[str]
    removed: Sequence[str]
    team_id: str
    author_id: str


@routes.post("/postmortems/bulk")
async def change_several(visit: Visiting) -> Response:
    """What was filled in, for each postmortem that was selected. Shows those that were left as they were, and why."""
    context = visit.context

    async def work() -> list[bulk.Result]:
        ids, wanted = some_selected(visit.form, "postmortem"), await _wanted(visit)
        return await bulk.change_each(context, ids, partial(_change, wanted=wanted))

    titles = partial(titles_of, context.session, context.viewer)
    teams = await choices.list_team_choices(context.session)
    return await change_selected(visit, "postmortems/bulk.html", "/postmortems", work, titles, teams=teams)


async def _wanted(visit: Visit) -> Wanted:
    """Raises Malformed, UnknownReference, OwnerNotActive."""
    session, form = visit.context.session, visit.form
    added, removed, team_id, author_id = parts(form.get("addTags", "")), parts(form.get("removeTags", "")), "", ""
    read_form(PostmortemPatch, {"tags": added})
    if team_id := form.get("team", ""):
        await check_teams(session, "team", [team_id])
    if typed := form.get("author", "").strip():
        author_id = (await find_typed_person(session, "author", typed)).id
    if not (added or removed or team_id or author_id):
        raise Malformed(reasons=[reason("nothing", "Choose at least one field to change.", where="changes")])
    return Wanted(added, removed, team_id, author_id)


async def _change(context: RequestContext, postmortem_id: str, *, wanted: Wanted) -> None:
    """Only what differs: who may edit but not hand over may still change tags."""
    session, viewer = context.session, context.viewer
    row = (await postmortems.get_visible(session, viewer, postmortem_id, lock=True)).postmortem
    given: dict[str, Any] = {}
    tags = [*(one for one in row.tags if one not in wanted.removed), *wanted.added]
    if len(set(tags)) > MOST_TAGS:
        message = f"It would have more than {MOST_TAGS} tags. Remove some first."
        raise Malformed(reasons=[reason("too_many_tags", message, where="tags")])
    if set(tags) != set(row.tags):
        given["tags"] = tags
    if wanted.author_id not in {"", row.author_id}:
        given["authorId"] = wanted.author_id
    if wanted.team_id and wanted.team_id not in (team_ids := await links.list_team_ids(session, postmortem_id)):
        given["teamIds"] = [*team_ids, wanted.team_id]
    if not given:
        return
    columns = read_form(PostmortemPatch, given).columns()
    affects_workflow = await edit_postmortem(
        session, viewer, postmortem_id, columns, expected_version=None, now=context.now
    )
    context.start_workflow_if(affects_workflow, postmortem_id)

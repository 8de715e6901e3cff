"""Facts about a postmortem, each changed where its page shows it."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from fastapi import Response

from api.pages.postmortems.fields import compare, current_fields, save_fields
from api.pages.postmortems.form_answers import find_people, people_fields, person_id
from api.pages.postmortems.opened import Fact, Opened
from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted
from api.shapes.base import PathId
from application.incidents import links
from application.postmortems import participants
from application.postmortems.editing import edit_postmortem
from domain.errors import Conflict, DomainError, Malformed, reason
from models.queries.content.templates import template_of
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import FullPostmortem

routes = router()


@routes.post("/postmortems/{postmortem_id}/facts/{fact}")
async def change_fact(visit: Visiting, postmortem_id: PathId, fact: Fact) -> Response:
    """Saves its fields; what someone else saved in between is shown beside them. Of a list, adds or removes one."""
    context = visit.context
    full = await postmortems.get_full(context.session, context.viewer, postmortem_id, context.now)
    opened = Opened(fact=fact)
    if fact.is_list:
        refusal = await attempted(visit, _change_list(visit, full, fact))
    else:
        refusal, opened = await _change_fields(visit, full, fact)
    if refusal:
        return await show_postmortem(visit, postmortem_id, refusal, opened=opened)
    stays = f"?edit={fact.value}" if fact.is_list else ""
    return to(f"/postmortems/{postmortem_id}{stays}#fact-{fact.value}")


async def _change_fields(visit: Visit, full: FullPostmortem, fact: Fact) -> tuple[DomainError | None, Opened]:
    current = current_fields(full)
    names = fact.fields([one.key for one in template_of(full.postmortem.template).fields])
    form = dict(visit.form)
    if refusal := await attempted(visit, find_people(visit, form, _people_fields(full, fact))):
        shown = {one: replace(current[one], text=visit.form.get(one, current[one].text)) for one in names}
        return refusal, Opened(fact=fact, fields=shown)
    changed, shown = compare(form, {one: current[one] for one in names}, ())
    opened = Opened(fact=fact, fields=shown)
    if any(one.theirs is not None for one in shown.values()):
        return Conflict(), opened
    if not changed:
        return None, opened
    texts = {name: one.text for name, one in current.items()}
    return await attempted(visit, save_fields(visit, full, changed, texts)), opened


def _people_fields(full: FullPostmortem, fact: Fact) -> list[str]:
    """The fields of its form that name a person."""
    if fact is Fact.FIELDS:
        return people_fields(template_of(full.postmortem.template))
    return ["author"] if fact is Fact.AUTHOR else []


async def _change_list(visit: Visit, full: FullPostmortem, fact: Fact) -> None:
    add, remove = visit.form.get("add", "").strip(), visit.form.get("remove", "").strip()
    if not add and not remove:
        raise Malformed(reasons=[reason("required", "Choose what to add or remove.", where="add")])
    context, row = visit.context, full.postmortem
    work: Awaitable[Any]
    match fact:
        case Fact.INCIDENTS:
            change = links.link_incident if add else links.unlink_incident
            await change(context.session, context.viewer, row.id, add or remove, context.now)
            context.start_workflow_after_commit(row.id)
        case Fact.PARTICIPANTS:
            if add:
                add = await person_id(visit, "add")
            attend = participants.add_participant if add else participants.remove_participant
            work = attend(context.session, context.viewer, row.id, add or remove, context.now)
            await work
        case _:
            name, ids = (
                ("team_ids", [one.team_id for one in row.teams])
                if fact is Fact.TEAMS
                else ("service_ids", [one.id for one in row.services])
            )
            wanted = [*(one for one in ids if one != remove), *([add] if add else [])]
            affects_workflow = await edit_postmortem(
                context.session,
                context.viewer,
                row.id,
                {name: wanted},
                expected_version=row.version,
                now=context.now,
            )
            context.start_workflow_if(affects_workflow, row.id)

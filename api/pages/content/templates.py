"""Templates: the list, what one says, and a plain form that writes the next version of it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response

from api.pages.content.template_forms import MOST, blank, filled, moved, new_field, new_sections, sent_content
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, expected_version
from api.shapes.content import TemplateNew, TemplatePatch
from application.content import templates
from domain.content.custom_fields import FieldType
from domain.content.templates import CORE, LISTS, TITLES
from domain.errors import DomainError, NotAllowed, ScopeMissing
from models.queries.content import templates as template_rows
from models.queries.pagination import Ask
from models.queries.people import people, teams

routes = router()


@routes.get("/settings/templates")
async def list_templates(visit: Visiting) -> Response:
    context = visit.context
    found = await template_rows.list_templates(context.session, context.viewer, Ask(200))
    return await show(
        visit,
        "content/templates.html",
        templates=found.items,
        teams={one.id: one for one in (await teams.list_teams(context.session, Ask(200))).items},
        may_create=bool(await _owners(visit)),
    )


async def _owners(visit: Visit) -> dict[str, str]:
    """Whose templates the reader may write: names by team, the organisation's under an empty key."""
    known = (await teams.list_teams(visit.context.session, Ask(200))).items
    if await _may_write(visit, None):
        return {"": "Everyone"} | {one.id: one.name for one in known}
    led = [one for one in known if one.lead_id == visit.context.viewer.person_id]
    return {one.id: one.name for one in led if await _may_write(visit, one.id)}


async def _may_write(visit: Visit, team_id: str | None) -> bool:
    if not visit.request.state.frame["may_write"]:
        return False
    try:
        await templates.check_may_write(visit.context.session, visit.context.viewer, team_id)
    except (NotAllowed, ScopeMissing):
        return False
    return True


@routes.get("/settings/templates/new")
async def new(visit: Visiting, copy_of: Annotated[str, Query(alias="from", max_length=100)] = "") -> Response:
    """Begins with a copy of another template."""
    context = visit.context
    form = blank()
    if copy_of:
        content = (await templates.choose_template(context.session, context.viewer, "from", copy_of)).content
        form = filled(content) | {"name": f"Copy of {content.name}"[:200]}
    return await _form(visit, form)


async def _form(
    visit: Visit, form: Mapping[str, Any], refusal: DomainError | None = None, template_id: str | None = None
) -> Response:
    owners = await _owners(visit)
    if not owners:
        raise NotAllowed(action="edit templates", who="a team\u2019s lead or an administrator")
    keys = {one["key"] for one in form["sections"]}
    return await show(
        visit,
        "content/template_form.html",
        refusal,
        given=form,
        template_id=template_id,
        owners=owners,
        core=CORE,
        lists=LISTS,
        titles=TITLES,
        new_sections=new_sections(),
        new_field=new_field(),
        most=MOST,
        left_out={key: title for key, title in TITLES.items() if key not in keys},
        types=[one.value for one in FieldType],
    )


@routes.post("/settings/templates")
async def create(visit: Visiting) -> Response:
    form = moved(visit.form)
    if visit.form.get("do") != "save":
        return await _form(visit, form)
    made: list[str] = []

    async def work() -> None:
        context = visit.context
        sent = sent_content(form) | ({"teamId": form["team"]} if form["team"] else {})
        given = read_form(TemplateNew, sent)
        created = await templates.create_template(
            context.session,
            context.viewer,
            given.content(),
            copy_of=given.copy_of,
            team_id=given.team_id,
            is_default=given.is_default,
            now=context.now,
        )
        made.append(created.template.id)

    if refusal := await attempted(visit, work()):
        return await _form(visit, form, refusal)
    return to(f"/settings/templates/{made[0]}")


@routes.get("/settings/templates/{template_id}")
async def read(
    visit: Visiting, template_id: PathId, version: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> Response:
    return await _shown(visit, template_id, version)


async def _shown(
    visit: Visit, template_id: str, version: int | None = None, refusal: DomainError | None = None
) -> Response:
    context = visit.context
    found = await template_rows.get_template(context.session, context.viewer, template_id, version)
    versions = (await template_rows.list_versions(context.session, context.viewer, template_id, Ask(100))).items
    may_write = await _may_write(visit, found.template.team_id)
    return await show(
        visit,
        "content/template.html",
        refusal,
        kept=found.template,
        content=found.content,
        version=found.row.version,
        versions=versions,
        people=await people.people_by_id(context.session, [one.created_by_id for one in versions]),
        teams={one.id: one for one in (await teams.list_teams(context.session, Ask(200))).items},
        may_write=may_write and found.template.archived_at is None,
        may_copy=bool(await _owners(visit)),
    )


@routes.get("/settings/templates/{template_id}/edit")
async def edit(visit: Visiting, template_id: PathId) -> Response:
    context = visit.context
    found = await template_rows.get_template(context.session, context.viewer, template_id)
    await templates.check_may_write(context.session, context.viewer, found.template.team_id)
    form = filled(found.content) | {"isDefault": found.template.is_default, "version": str(found.row.version)}
    return await _form(visit, form, template_id=template_id)


@routes.post("/settings/templates/{template_id}/edit")
async def change(visit: Visiting, template_id: PathId) -> Response:
    context, form = visit.context, moved(visit.form)
    found = await template_rows.get_template(context.session, context.viewer, template_id)
    await templates.check_may_write(context.session, context.viewer, found.template.team_id)
    if visit.form.get("do") != "save":
        return await _form(visit, form, template_id=template_id)

    async def work() -> None:
        given = read_form(TemplatePatch, sent_content(form))
        await templates.change_template(
            context.session,
            context.viewer,
            template_id,
            given.content(),
            is_default=given.is_default,
            expected_version=expected_version(f'"{form["version"]}"'),
            now=context.now,
        )

    if refusal := await attempted(visit, work()):
        return await _form(visit, form, refusal, template_id)
    return to(f"/settings/templates/{template_id}")


@routes.post("/settings/templates/{template_id}/archive")
async def archive(visit: Visiting, template_id: PathId) -> Response:
    context = visit.context
    work = templates.archive_template(context.session, context.viewer, template_id, None, context.now)
    if refusal := await attempted(visit, work):
        return await _shown(visit, template_id, refusal=refusal)
    return to("/settings/templates")

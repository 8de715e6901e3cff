"""Templates: the sections and fields that a postmortem begins with."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.request_context import Context
from api.shapes.base import IfMatch, Listing, PathId, RefQuery, ask, expected_version, tag
from api.shapes.content import (
    KeptOut,
    TemplateNew,
    TemplateOut,
    TemplatePatch,
    VersionOut,
    content_out,
    template_out,
)
from api.v1.routing import router
from application.content import templates
from models.queries.content import templates as template_rows
from models.queries.content.templates import VersionedTemplate
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("templates", prefix="/templates")
kept_routes: APIRouter = router("templates", prefix="/postmortems/{postmortem_id}/template")

Paging = Annotated[Ask, Depends(ask)]


VersionQuery = Annotated[int | None, Query(ge=1, le=2**53)]


@routes.get("")
async def list_templates(
    context: Context,
    page: Paging,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    archived: bool = False,
) -> Listing[TemplateOut]:
    """Lists the templates you can use: the organization's and your teams'. Administrators see all."""
    found = await template_rows.list_templates(
        context.session, context.viewer, page, team_id=team_id, archived=archived
    )
    return Listing(items=[template_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_template(context: Context, given: TemplateNew, response: Response) -> TemplateOut:
    """Creates a template. Administrators only, or the team's lead for a team's template. ``isDefault`` makes it the
    default of the team or the organization."""
    made = await templates.create_template(
        context.session,
        context.viewer,
        given.content(),
        copy_of=given.copy_of,
        team_id=given.team_id,
        is_default=given.is_default,
        now=context.now,
    )
    response.headers["Location"] = f"/api/templates/{made.template.id}"
    return _answer(made, response)


@routes.get("/{template_id}")
async def get_template(
    context: Context, template_id: PathId, response: Response, version: VersionQuery = None
) -> TemplateOut:
    """Returns the latest version, or the requested one."""
    return _answer(await template_rows.get_template(context.session, context.viewer, template_id, version), response)


@routes.patch("/{template_id}")
async def update_template(
    context: Context, template_id: PathId, given: TemplatePatch, response: Response, if_match: IfMatch = None
) -> TemplateOut:
    """Saves a new version. Existing postmortems keep their version."""
    await given.check_unchanged(lambda: get_template(context, template_id, response))
    changed = await templates.change_template(
        context.session,
        context.viewer,
        template_id,
        given.content(),
        is_default=given.is_default if "is_default" in given.model_fields_set else None,
        expected_version=expected_version(if_match),
        now=context.now,
    )
    return _answer(changed, response)


@routes.delete("/{template_id}", status_code=204)
async def archive_template(context: Context, template_id: PathId, if_match: IfMatch = None) -> None:
    """Archives a template: you can't use it for new postmortems, and existing ones keep it. You can't archive a
    default template."""
    await templates.archive_template(
        context.session, context.viewer, template_id, expected_version(if_match), context.now
    )


@routes.get("/{template_id}/versions")
async def list_template_versions(context: Context, template_id: PathId, page: Paging) -> Listing[VersionOut]:
    """Newest first."""
    found = await template_rows.list_versions(context.session, context.viewer, template_id, page)
    return Listing(items=[VersionOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


def _answer(found: VersionedTemplate, response: Response) -> TemplateOut:
    tag(response, found.row.version)
    return template_out(found)


# What a postmortem keeps


@kept_routes.get("")
async def get_postmortem_template(context: Context, postmortem_id: PathId) -> KeptOut:
    """Returns the postmortem's template in the version that it uses."""
    row = (await get_visible(context.session, context.viewer, postmortem_id)).postmortem
    kept = await template_rows.get_postmortem_template(context.session, row)
    return KeptOut(**dict(content_out(kept)), id=row.template_id, version=row.template_version)

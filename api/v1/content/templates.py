"""Templates: the sections and fields that a postmortem begins with."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, Field, model_validator

from api.request_context import Context
from api.shapes.base import IfMatch, Listing, PathId, Ref, Shape, StrictlyGiven, ask, expected_version, tag
from api.v1.postmortems.postmortems import RefQuery
from api.v1.routing import router
from domain.content.custom_fields import CustomField, FieldType
from domain.content.default_templates import DEFAULT
from domain.content.templates import TITLES, Section, Template
from integrations.fields import BLANK_IS_NONE, Name, Words
from models.queries.content import kept_templates, templates
from models.queries.content.templates import Versioned
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("templates", prefix="/templates")
kept_routes: APIRouter = router("templates", prefix="/postmortems/{postmortem_id}/template")

Paging = Annotated[Ask, Depends(ask)]


def _blank_is_none(value: str | None) -> str | None:
    return value if value and value.strip() else None


VersionQuery = Annotated[int | None, Query(ge=1, le=2**53)]
Key = Annotated[
    str, Words(40, shape=r"^[a-z][A-Za-z0-9]*$", says="Start with a lowercase letter, followed by letters and digits")
]
Label = Annotated[str, Words(100, one_line=True)]
Choice = Annotated[str, Words(200, one_line=True)]
MaybeLabel = Annotated[Annotated[str, Words(100, one_line=True, blank=True)] | None, BLANK_IS_NONE]
Hint = Annotated[Annotated[str, Words(2000, blank=True)] | None, BLANK_IS_NONE]
DefaultText = Annotated[Annotated[str, Words(20_000, blank=True, verbatim=True)] | None, AfterValidator(_blank_is_none)]


class SectionIn(StrictlyGiven):
    """You can leave out the ``title`` of a standard section. ``defaultText`` is the Markdown that a postmortem
    starts with; ``prompt`` is shown to the author."""

    read_only = frozenset({"standard"})

    key: Key
    title: MaybeLabel = None
    required: bool = False
    default_text: DefaultText = None
    prompt: Hint = None

    def section(self) -> Section:
        title = self.title or TITLES.get(self.key, "")
        return Section(self.key, title, self.required, self.default_text, self.prompt)


class CustomFieldIn(StrictlyGiven):
    """Only a CHOICE field can have ``choices``."""

    key: Key
    label: Label
    type: FieldType
    required: bool = False
    choices: Annotated[list[Choice], Field(max_length=100)] = Field(default_factory=list)
    help: Hint = None

    def field(self) -> CustomField:
        return CustomField(self.key, self.label, self.type, self.required, tuple(self.choices), self.help)


Sections = Annotated[list[SectionIn], Field(min_length=1, max_length=60)]
CustomFields = Annotated[list[CustomFieldIn], Field(max_length=60)]

OURS = frozenset({"id", "version", "createdById", "createdAt", "updatedAt", "archivedAt"})


class TemplateContent(StrictlyGiven):
    """What POST and PATCH share. ``sections`` and ``customFields`` are replaced whole, and kept in their order."""

    name: Name = Field(default="")
    description: Hint = None
    sections: Sections = Field(default_factory=list)
    custom_fields: CustomFields = Field(default_factory=list)
    is_default: bool = False

    def content(self) -> dict[str, Any]:
        """The sent fields, as a template's."""
        sent: dict[str, Any] = {}
        for name in ("name", "description"):
            if name in self.model_fields_set:
                sent[name] = getattr(self, name)
        if "sections" in self.model_fields_set:
            sent["sections"] = tuple(one.section() for one in self.sections)
        if "custom_fields" in self.model_fields_set:
            sent["fields"] = tuple(one.field() for one in self.custom_fields)
        return sent


class TemplateNew(TemplateContent):
    """Values that you leave out come from ``copyOf``, or else from the standard sections. ``teamId`` null makes it
    the organization's."""

    read_only = OURS

    copy_of: Ref | None = None
    team_id: Ref | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> "TemplateNew":
        if not self.name and self.copy_of is None:
            raise ValueError("send a name, or a template to copy")
        return self


class TemplatePatch(TemplateContent):
    read_only = OURS | {"teamId"}


class SectionOut(Shape):
    """``standard`` false: its text is in the postmortem's ``customSections``."""

    key: str
    title: str
    required: bool
    standard: bool
    default_text: str | None
    prompt: str | None


class CustomFieldOut(Shape):
    key: str
    label: str
    type: FieldType
    required: bool
    choices: list[str]
    help: str | None


class ContentOut(Shape):
    name: str
    description: str | None
    sections: list[SectionOut]
    custom_fields: list[CustomFieldOut]


class KeptOut(ContentOut):
    """``id`` and ``version`` are null for postmortems older than templates."""

    id: str | None
    version: int | None


class TemplateOut(ContentOut):
    """``updatedAt`` and ``createdById`` belong to the version."""

    id: str
    version: int
    team_id: str | None
    is_default: bool
    created_by_id: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class VersionOut(Shape):
    """One version without its sections. Read them with ``GET /api/templates/{id}?version=``."""

    version: int
    name: str
    description: str | None
    created_by_id: str | None
    created_at: datetime


def content_out(content: Template) -> ContentOut:
    return ContentOut(
        name=content.name,
        description=content.description,
        sections=[
            SectionOut(
                key=one.key,
                title=one.title,
                required=one.required,
                standard=one.is_standard,
                default_text=one.default_text,
                prompt=one.prompt,
            )
            for one in content.sections
        ],
        custom_fields=[CustomFieldOut.model_validate(one) for one in content.fields],
    )


def template_out(found: Versioned) -> TemplateOut:
    template = found.template
    return TemplateOut(
        **dict(content_out(found.content)),
        id=template.id,
        version=found.row.version,
        team_id=template.team_id,
        is_default=template.is_default,
        created_by_id=found.row.created_by_id,
        created_at=template.created_at,
        updated_at=found.row.created_at,
        archived_at=template.archived_at,
    )


@routes.get("")
async def list_templates(
    context: Context,
    page: Paging,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    archived: bool = False,
) -> Listing[TemplateOut]:
    """Lists the templates you can use: the organization's and your teams'. Administrators see all."""
    found = await templates.list_templates(context.session, context.viewer, page, team_id=team_id, archived=archived)
    return Listing(items=[template_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_template(context: Context, given: TemplateNew, response: Response) -> TemplateOut:
    """Creates a template. Administrators only, or the team's lead for a team's template. ``isDefault`` makes it the
    default of the team or the organization."""
    begun = replace(DEFAULT, description=None)
    if given.copy_of is not None:
        begun = (await kept_templates.choose_template(context.session, context.viewer, "copyOf", given.copy_of)).content
    made = await templates.add_template(
        context.session,
        context.viewer,
        replace(begun, **given.content()),
        team_id=given.team_id,
        is_default=given.is_default,
        now=context.now,
    )
    response.headers["Location"] = f"/api/templates/{made.template.id}"
    return _told(made, response)


@routes.get("/{template_id}")
async def get_template(
    context: Context, template_id: PathId, response: Response, version: VersionQuery = None
) -> TemplateOut:
    """Returns the latest version, or the requested one."""
    return _told(await templates.get_template(context.session, context.viewer, template_id, version), response)


@routes.patch("/{template_id}")
async def change_template(
    context: Context, template_id: PathId, given: TemplatePatch, response: Response, if_match: IfMatch = None
) -> TemplateOut:
    """Saves a new version. Existing postmortems keep their version."""
    changed = await templates.change_template(
        context.session,
        context.viewer,
        template_id,
        given.content(),
        is_default=given.is_default if "is_default" in given.model_fields_set else None,
        expected_version=expected_version(if_match),
        now=context.now,
    )
    return _told(changed, response)


@routes.delete("/{template_id}", status_code=204)
async def archive_template(context: Context, template_id: PathId, if_match: IfMatch = None) -> None:
    """Archives a template: you can't use it for new postmortems, and existing ones keep it. You can't archive a
    default template."""
    await templates.archive_template(
        context.session, context.viewer, template_id, expected_version(if_match), context.now
    )


@routes.get("/{template_id}/versions")
async def list_versions(context: Context, template_id: PathId, page: Paging) -> Listing[VersionOut]:
    """Newest first."""
    found = await templates.list_versions(context.session, context.viewer, template_id, page)
    return Listing(items=[VersionOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


def _told(found: Versioned, response: Response) -> TemplateOut:
    tag(response, found.row.version)
    return template_out(found)


# What a postmortem keeps


@kept_routes.get("")
async def get_kept_template(context: Context, postmortem_id: PathId) -> KeptOut:
    """Returns the postmortem's template in the version that it uses."""
    row = (await get_visible(context.session, context.viewer, postmortem_id)).postmortem
    kept = await kept_templates.get_kept(context.session, row)
    return KeptOut(**dict(content_out(kept)), id=row.template_id, version=row.template_version)

"""Requests and answers about sections, their history, and templates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field, model_validator

from api.shapes.base import Given, Markdown, Patch, Ref, Shape, StrictlyGiven
from domain.content.custom_fields import CustomField, FieldType
from domain.content.diffs import Difference, Line, Op
from domain.content.sections import Origin, SectionText
from domain.content.templates import TITLES, Section, Template, shareable_by_default
from integrations.fields import BLANK_IS_NONE, Name, Words
from models.content import RootCauseCategory, SectionRevision
from models.queries.content.templates import VersionedTemplate

# Sections and their history

LAST = 2**53
RevisionNumber = Annotated[int, Field(ge=0, le=LAST)]


class SectionPut(StrictlyGiven):
    """``baseRevision`` is the revision that you edited. Without it and without If-Match, your text replaces the
    current one."""

    body: Markdown
    base_revision: RevisionNumber | None = None


class RestoreIn(StrictlyGiven):
    revision: Annotated[int, Field(ge=1, le=LAST)]


class SectionTextOut(Shape):
    """``revision`` 0: not written yet. ``updatedBy`` null: changed by the system."""

    name: str
    body: str
    revision: int
    updated_at: datetime | None
    updated_by: str | None


class SectionRead(SectionTextOut):
    """``html`` is safe to insert into a page. It is only present if you requested it."""

    html: str | None = None


class SectionSaved(SectionTextOut):
    """``merged``: others changed the section since then, and the body contains their changes and yours."""

    merged: bool


class SectionsOut(Shape):
    items: list[SectionTextOut]


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


def section_fields(section: SectionText) -> dict[str, object]:
    return {
        "name": section.name,
        "body": section.body,
        "revision": section.revision,
        "updated_at": section.updated_at,
        "updated_by": section.updated_by,
    }


def revision_read(row: SectionRevision) -> RevisionRead:
    return RevisionRead(
        revision=row.revision,
        author_id=row.author_id,
        at=row.at,
        origin=Origin(row.origin),
        restored_from=row.restored_from,
        characters=len(row.body),
        added_lines=row.added_lines,
        removed_lines=row.removed_lines,
        body=row.body,
    )


def diff_json(name: str, older: int, newer: int, found: Difference) -> bytes:
    """A :class:`DiffOut` on the wire. There may be 100,000 lines, which is too much for models."""
    hunks = [
        {"fromLine": one.from_line, "toLine": one.to_line, "lines": [_line(line) for line in one.lines]}
        for one in found.hunks
    ]
    added, removed = found.added, found.removed
    told = {"name": name, "from": older, "to": newer, "addedLines": added, "removedLines": removed, "hunks": hunks}
    return orjson.dumps(told)


def _line(line: Line) -> dict[str, object]:
    told: dict[str, object] = {"op": line.op.value, "text": line.text}
    if line.parts:
        told["parts"] = [{"text": one.text, "changed": one.changed} for one in line.parts]
    return told


# Templates


def _blank_is_none(value: str | None) -> str | None:
    return value if value and value.strip() else None


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
    starts with; ``prompt`` is shown to the author. ``shareable``: links to the whole postmortem show the section to
    outsiders. Unless you say so, they show the standard sections except for the response. They never show action
    items."""

    read_only = frozenset({"standard"})

    key: Key
    title: MaybeLabel = None
    required: bool = False
    default_text: DefaultText = None
    prompt: Hint = None
    shareable: bool | None = None

    def section(self) -> Section:
        title = self.title or TITLES.get(self.key, "")
        differs = self.shareable is not None and self.shareable != shareable_by_default(self.key)
        shareable = self.shareable if differs else None
        return Section(self.key, title, self.required, self.default_text, self.prompt, shareable)


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

READ_ONLY = frozenset({"id", "version", "createdById", "createdAt", "updatedAt", "archivedAt"})


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

    read_only = READ_ONLY

    copy_of: Ref | None = None
    team_id: Ref | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> "TemplateNew":
        if not self.name and self.copy_of is None:
            raise ValueError("send a name, or a template to copy")
        return self


class TemplateSectionOut(Shape):
    """``standard`` false: its text is in the postmortem's ``customSections``."""

    key: str
    title: str
    required: bool
    standard: bool
    default_text: str | None
    prompt: str | None
    shareable: bool


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
    sections: list[TemplateSectionOut]
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


class TemplatePatch(Patch, TemplateContent):
    answer = TemplateOut
    read_only = READ_ONLY | {"teamId"}


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
            TemplateSectionOut(
                key=one.key,
                title=one.title,
                required=one.required,
                standard=one.is_standard,
                default_text=one.default_text,
                prompt=one.prompt,
                shareable=one.is_shareable,
            )
            for one in content.sections
        ],
        custom_fields=[CustomFieldOut.model_validate(one) for one in content.fields],
    )


def template_out(found: VersionedTemplate) -> TemplateOut:
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


# Root-cause categories

About = Annotated[str, Words(500, blank=True)]


class CategoryNew(StrictlyGiven):
    name: Annotated[str, Words(100, one_line=True)]
    description: About = ""


class CategoryOut(Shape):
    """``count``: postmortems that have it, and that you can see. Authors are only offered ``active`` ones."""

    id: str
    version: int
    name: str
    description: str
    active: bool
    count: int


class CategoryPatch(Patch):
    answer = CategoryOut

    name: Annotated[str, Words(100, one_line=True)] = Field(default="")
    description: About = ""
    active: bool = True

    def columns(self) -> dict[str, Any]:
        columns = self.given()
        if "active" in columns:
            columns["is_active"] = columns.pop("active")
        return columns


class CategoryMergeIn(Given):
    into: Ref = Field(description="The category that takes over the postmortems of this one.")


def category_out(row: RootCauseCategory, counts: Mapping[str, int]) -> CategoryOut:
    return CategoryOut(
        id=row.id,
        version=row.version,
        name=row.name,
        description=row.description,
        active=row.is_active,
        count=counts.get(row.id, 0),
    )

"""Rows of templates and their versions, and the template that a postmortem began with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, any_, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.content import templates
from domain.content.custom_fields import CustomField, FieldType
from domain.content.default_templates import DEFAULT
from domain.errors import NotFound
from models.content import Template, TemplateVersion
from models.postmortem import Postmortem
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, number_of, text_of, texts_of
from models.queries.rows import columns_of, read_row
from models.team import Team


@dataclass(frozen=True, slots=True)
class VersionedTemplate:
    """A template, and one version of its content."""

    template: Template
    row: TemplateVersion

    @property
    def content(self) -> templates.Template:
        return template_of(self.row)


def template_of(row: TemplateVersion | None) -> templates.Template:
    """The content of a version; None, for postmortems from before there were templates, is the default sections."""
    return DEFAULT if row is None else _content(row.name, row.description, row.sections, row.fields)


def _content(name: str, description: str | None, sections: Sequence[Any], fields: Sequence[Any]) -> templates.Template:
    return templates.Template(
        name=name,
        description=description,
        sections=tuple(templates.Section(**one) for one in sections),
        fields=tuple(
            CustomField(**{**one, "type": FieldType(one["type"]), "choices": tuple(one["choices"])}) for one in fields
        ),
    )


def template_columns(content: templates.Template) -> dict[str, Any]:
    """The content as a version stores it; :func:`template_of` reads it back."""
    return {
        "name": content.name,
        "description": content.description,
        "sections": [_section_columns(one) for one in content.sections],
        "fields": [{**asdict(one), "type": one.type.value, "choices": list(one.choices)} for one in content.fields],
    }


def _section_columns(section: templates.Section) -> dict[str, Any]:
    """Without ``shareable`` where that is as by default: older processes, which don't know it, read the row, too."""
    columns = asdict(section)
    if section.shareable is None:
        del columns["shareable"]
    return columns


def usable_by(viewer: Viewer) -> ColumnElement[bool]:
    """A condition on :class:`Template`: the organization's and those of the viewer's teams; administrators all."""
    if viewer.is_admin:
        return true()
    return or_(Template.team_id.is_(None), Template.team_id.in_(sorted(viewer.team_ids)))


async def leads_team(session: AsyncSession, viewer: Viewer, team_id: str) -> bool:
    statement = select(Team.id).where(Team.id == team_id, Team.lead_id == viewer.person_id)
    return (await session.execute(statement)).scalar_one_or_none() is not None


# Reading


async def get_template(
    session: AsyncSession, viewer: Viewer, template_id: str, version: int | None = None, *, lock: bool = False
) -> VersionedTemplate:
    """The latest version, or that one; archived ones too. Raises NotFound."""
    statement = select(Template).where(Template.id == template_id, usable_by(viewer))
    if lock:
        statement = statement.with_for_update()
    template = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if template is None:
        raise NotFound(kind="template", id=template_id)
    row = await session.get(TemplateVersion, (template_id, template.version if version is None else version))
    if row is None:
        raise NotFound(kind="template version", id=f"{template_id}@{version}")
    return VersionedTemplate(template, row)


async def get_postmortem_template(session: AsyncSession, postmortem: Postmortem) -> templates.Template:
    """The content of the version that the postmortem began with."""
    if postmortem.template_id is None:
        return template_of(None)
    key = (postmortem.template_id, postmortem.template_version)
    return template_of(await session.get_one(TemplateVersion, key))


_VERSION = Prebuilt(
    select(TemplateVersion.name, TemplateVersion.description, TemplateVersion.sections, TemplateVersion.fields).where(
        TemplateVersion.template_id == text_of("template_id"), TemplateVersion.version == number_of("version")
    )
)
_KEPT: dict[tuple[str, int], templates.Template] = {}
_MOST_KEPT = 2000


async def get_content(session: AsyncSession, template_id: str | None, version: int | None) -> templates.Template:
    """The content of a version. A version never changes, so each process reads it once."""
    if template_id is None or version is None:
        return template_of(None)
    content = _KEPT.get((template_id, version))
    if content is None:
        row = await _VERSION.row(session, template_id=template_id, version=version)
        content = _content(*row)
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[template_id, version] = content
    return content


async def list_templates(
    session: AsyncSession, viewer: Viewer, ask: Ask, *, team_id: str | None = None, archived: bool = False
) -> Page[VersionedTemplate]:
    """The latest versions of those that the viewer may use, oldest template first."""
    statement = _latest().where(
        usable_by(viewer), Template.archived_at.is_not(None) if archived else Template.archived_at.is_(None)
    )
    if team_id:
        statement = statement.where(Template.team_id == team_id)
    order = Order("templates", Template.created_at, Template.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([VersionedTemplate(row[0], row[1]) for row in rows], cursor)


_IS_LATEST = (TemplateVersion.template_id == Template.id) & (TemplateVersion.version == Template.version)


def _latest() -> Select[Template, TemplateVersion]:
    return select(Template, TemplateVersion).join(TemplateVersion, _IS_LATEST)


async def list_versions(session: AsyncSession, viewer: Viewer, template_id: str, ask: Ask) -> Page[TemplateVersion]:
    """Newest first. Raises NotFound."""
    await get_template(session, viewer, template_id)
    statement = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    order = Order("template versions", TemplateVersion.version, TemplateVersion.version)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


_DEFAULTS = Prebuilt(
    select(*columns_of(Template), *columns_of(TemplateVersion))
    .join(TemplateVersion, _IS_LATEST)
    .where(Template.is_default, or_(Template.team_id.is_(None), Template.team_id == any_(texts_of("team_ids"))))
)


async def find_default_templates(
    session: AsyncSession, team_ids: Sequence[str]
) -> Mapping[str | None, VersionedTemplate]:
    """The default template of each of these teams that has one, and the organization's under None."""
    found = [_versioned(session, one) for one in await _DEFAULTS.rows(session, team_ids=list(team_ids))]
    return {one.template.team_id: one for one in found}


def _versioned(session: AsyncSession, record: Any) -> VersionedTemplate:
    return VersionedTemplate(read_row(session, Template, record), read_row(session, TemplateVersion, record))


async def get_latest_unscoped(session: AsyncSession, template_id: str) -> VersionedTemplate:
    template, row = (await session.execute(_latest().where(Template.id == template_id))).one()
    return VersionedTemplate(template, row)


async def lock_default_templates(session: AsyncSession, team_id: str | None) -> list[VersionedTemplate]:
    """The team's default template, or the organization's for None: one at most."""
    statement = _latest().where(
        Template.is_default, Template.team_id.is_(None) if team_id is None else Template.team_id == team_id
    )
    statement = statement.with_for_update(of=Template).execution_options(populate_existing=True)
    return [VersionedTemplate(template, row) for template, row in (await session.execute(statement)).all()]


# Writing


def insert_version(
    session: AsyncSession, template: Template, content: templates.Template, author_id: str, now: datetime
) -> TemplateVersion:
    """Adds the content as the version that the template's row names; the caller flushes."""
    row = TemplateVersion(
        template_id=template.id,
        version=template.version,
        created_by_id=author_id,
        created_at=now,
        **template_columns(content),
    )
    session.add(row)
    return row


async def insert_template(session: AsyncSession, template: Template) -> None:
    session.add(template)
    await session.flush()


async def ensure_template(
    session: AsyncSession,
    template_id: str,
    content: templates.Template,
    *,
    is_default: bool = False,
    archived_at: datetime | None = None,
) -> None:
    """The template with its first version, unless it exists."""
    values = {"id": template_id, "version": 1, "is_default": is_default, "archived_at": archived_at}
    await session.execute(insert(Template).values(**values).on_conflict_do_nothing())
    version = {"template_id": template_id, "version": 1, **template_columns(content)}
    await session.execute(insert(TemplateVersion).values(**version).on_conflict_do_nothing())

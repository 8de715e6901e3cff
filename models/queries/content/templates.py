"""Templates: who may use and write which, their versions, and the default ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Deed, Viewer
from domain.content import templates
from domain.content.custom_fields import CustomField, FieldType
from domain.content.default_templates import DEFAULT_ID, STARTING_POINTS
from domain.errors import (
    DefaultTemplateNeeded,
    NotAllowed,
    NotFound,
    ScopeMissing,
    StaleVersion,
    TemplateArchived,
)
from models.base import new_id
from models.queries.audit.records import audit
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.teams import check_teams
from models.team import Team
from models.template import Template, TemplateVersion


@dataclass(frozen=True, slots=True)
class Versioned:
    """A template, and one version of what it says."""

    template: Template
    row: TemplateVersion

    @property
    def content(self) -> templates.Template:
        return content_of(self.row)


def content_of(row: TemplateVersion) -> templates.Template:
    return templates.Template(
        name=row.name,
        description=row.description,
        sections=tuple(templates.Section(**one) for one in row.sections),
        fields=tuple(
            CustomField(**{**one, "type": FieldType(one["type"]), "choices": tuple(one["choices"])})
            for one in row.fields
        ),
    )


def _columns(content: templates.Template) -> dict[str, Any]:
    return {
        "name": content.name,
        "description": content.description,
        "sections": [asdict(one) for one in content.sections],
        "fields": [{**asdict(one), "type": one.type.value, "choices": list(one.choices)} for one in content.fields],
    }


# Whose they are


def usable_by(viewer: Viewer) -> ColumnElement[bool]:
    """A condition on :class:`Template`: the organisation's and those of the viewer's teams; administrators all."""
    if viewer.is_admin:
        return true()
    return or_(Template.team_id.is_(None), Template.team_id.in_(sorted(viewer.team_ids)))


async def check_may_write(session: AsyncSession, viewer: Viewer, team_id: str | None) -> None:
    """Administrators; for a team's templates its lead as well. Raises NotAllowed or ScopeMissing."""
    deed, leads = Deed.WRITE_TEMPLATE, False
    if team_id is not None:
        lead = select(Team.id).where(Team.id == team_id, Team.lead_id == viewer.person_id)
        deed, leads = Deed.WRITE_TEAM_TEMPLATE, (await session.execute(lead)).scalar_one_or_none() is not None
    if not access.may_do(deed, access.standings(viewer, leads=leads)):
        who = "an administrator" if team_id is None else "the team's lead or an administrator"
        raise NotAllowed(
            action="edit templates of the organization" if team_id is None else "edit this team's templates", who=who
        )
    if not leads and "admin" not in viewer.scopes:
        raise ScopeMissing(scope="admin")


# Reading


async def get_template(
    session: AsyncSession, viewer: Viewer, template_id: str, version: int | None = None, *, lock: bool = False
) -> Versioned:
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
    return Versioned(template, row)


async def list_templates(
    session: AsyncSession, viewer: Viewer, ask: Ask, *, team_id: str | None = None, archived: bool = False
) -> Page[Versioned]:
    """The latest versions of those that the viewer may use, oldest template first."""
    statement = latest().where(
        usable_by(viewer), Template.archived_at.is_not(None) if archived else Template.archived_at.is_(None)
    )
    if team_id:
        statement = statement.where(Template.team_id == team_id)
    order = Order("templates", Template.created_at, Template.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([Versioned(row[0], row[1]) for row in rows], cursor)


def latest() -> Select[Template, TemplateVersion]:
    is_latest = (TemplateVersion.template_id == Template.id) & (TemplateVersion.version == Template.version)
    return select(Template, TemplateVersion).join(TemplateVersion, is_latest)


async def list_versions(session: AsyncSession, viewer: Viewer, template_id: str, ask: Ask) -> Page[TemplateVersion]:
    """Newest first. Raises NotFound."""
    await get_template(session, viewer, template_id)
    statement = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    order = Order("template versions", TemplateVersion.version, TemplateVersion.version)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


# Writing


async def add_template(
    session: AsyncSession,
    viewer: Viewer,
    content: templates.Template,
    *,
    team_id: str | None,
    is_default: bool,
    now: datetime,
) -> Versioned:
    """Raises InvalidTemplate, UnknownReference, NotAllowed, ScopeMissing."""
    if team_id is not None:
        await check_teams(session, "teamId", [team_id])
    await check_may_write(session, viewer, team_id)
    templates.check(content)
    if is_default:
        await _take_default_away(session, viewer, team_id, now)
    template = Template(id=new_id("tpl"), version=1, team_id=team_id, is_default=is_default, created_at=now)
    session.add(template)
    await session.flush()
    row = _add_version(session, viewer, template, content, now)
    _audit(session, viewer, "template.created", template, None, {"name": content.name, "teamId": team_id})
    await session.flush()
    return Versioned(template, row)


async def change_template(
    session: AsyncSession,
    viewer: Viewer,
    template_id: str,
    changes: Mapping[str, Any],
    *,
    is_default: bool | None,
    expected_version: int | None,
    now: datetime,
) -> Versioned:
    """``changes`` are fields of ``domain.content.templates.Template``. What changes nothing makes no version.

    Raises NotFound, NotAllowed, ScopeMissing, StaleVersion, InvalidTemplate, TemplateArchived, DefaultTemplateNeeded.
    """
    current = await _lock(session, viewer, template_id, expected_version)
    template, before = current.template, current.content
    if template.archived_at is not None:
        raise TemplateArchived(id=template_id)
    after = replace(before, **changes)
    templates.check(after)
    becomes = template.is_default if is_default is None else is_default
    if after == before and becomes == template.is_default:
        return current
    if becomes and not template.is_default:
        await _take_default_away(session, viewer, template.team_id, now)
    if template.is_default and not becomes and template.team_id is None:
        raise DefaultTemplateNeeded(id=template_id, hint="Make another template the default instead.")
    told_before, told_after = _differences(before, after)
    if becomes != template.is_default:
        told_before["isDefault"], told_after["isDefault"] = template.is_default, becomes
    template.is_default = becomes
    row = _next_version(session, viewer, template, after, now)
    _audit(session, viewer, "template.updated", template, told_before, told_after)
    await session.flush()
    return Versioned(template, row)


async def archive_template(
    session: AsyncSession, viewer: Viewer, template_id: str, expected_version: int | None, now: datetime
) -> None:
    """Those who keep it keep it; nobody begins with it. A second time changes nothing.

    Raises NotFound, NotAllowed, ScopeMissing, StaleVersion, DefaultTemplateNeeded.
    """
    current = await _lock(session, viewer, template_id, expected_version)
    template = current.template
    if template.archived_at is not None:
        return
    if template.is_default:
        raise DefaultTemplateNeeded(
            id=template_id, hint="Make another template the default before you archive this one."
        )
    template.archived_at = now
    _next_version(session, viewer, template, current.content, now)
    _audit(session, viewer, "template.archived", template, None, {"archivedAt": now.isoformat()})
    await session.flush()


async def _lock(session: AsyncSession, viewer: Viewer, template_id: str, expected_version: int | None) -> Versioned:
    current = await get_template(session, viewer, template_id, lock=True)
    await check_may_write(session, viewer, current.template.team_id)
    if expected_version is not None and expected_version != current.template.version:
        raise StaleVersion(expected=str(expected_version), current=current.template.version)
    return current


async def _take_default_away(session: AsyncSession, viewer: Viewer, team_id: str | None, now: datetime) -> None:
    """From the team's default, or the organisation's; written at once, since there can only be one."""
    statement = latest().where(
        Template.is_default, Template.team_id.is_(None) if team_id is None else Template.team_id == team_id
    )
    statement = statement.with_for_update(of=Template).execution_options(populate_existing=True)
    for template, row in (await session.execute(statement)).all():
        template.is_default = False
        _next_version(session, viewer, template, content_of(row), now)
        _audit(session, viewer, "template.updated", template, {"isDefault": True}, {"isDefault": False})
    await session.flush()


def _next_version(
    session: AsyncSession, viewer: Viewer, template: Template, content: templates.Template, now: datetime
) -> TemplateVersion:
    template.version += 1
    return _add_version(session, viewer, template, content, now)


def _add_version(
    session: AsyncSession, viewer: Viewer, template: Template, content: templates.Template, now: datetime
) -> TemplateVersion:
    row = TemplateVersion(
        template_id=template.id,
        version=template.version,
        created_by_id=viewer.person_id,
        created_at=now,
        **_columns(content),
    )
    session.add(row)
    return row


def _differences(before: templates.Template, after: templates.Template) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = _columns(before), _columns(after)
    changed = [name for name in new if new[name] != old[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _audit(
    session: AsyncSession,
    viewer: Viewer,
    action: str,
    template: Template,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    told = {**(after or {}), "version": template.version}
    audit(session, viewer, action, "template", template.id, before=before, after=told)


async def ensure_starting_templates(session: AsyncSession) -> None:
    """Those that every organisation begins with. Safe to repeat: what people made of them stays."""
    for template_id, content in STARTING_POINTS.items():
        values = {"id": template_id, "version": 1, "is_default": template_id == DEFAULT_ID}
        await session.execute(insert(Template).values(**values).on_conflict_do_nothing())
        version = {"template_id": template_id, "version": 1, **_columns(content)}
        await session.execute(insert(TemplateVersion).values(**version).on_conflict_do_nothing())

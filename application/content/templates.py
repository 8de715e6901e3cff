"""Writing templates: who may, their versions, and which one is the default; choosing the one for a new postmortem."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.people.references import check_teams
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.content import templates as rules
from domain.content.default_templates import DEFAULT, DEFAULT_ID, STARTING_POINTS
from domain.errors import (
    DefaultTemplateNeeded,
    NotAllowed,
    NotFound,
    ScopeMissing,
    StaleVersion,
    TemplateArchived,
    UnknownReference,
)
from models.base import new_id
from models.content import Template, TemplateVersion
from models.queries.content import templates
from models.queries.content.templates import VersionedTemplate, template_columns
from models.session import Session

# Choosing


async def pick_default_template(session: Session, team_ids: Sequence[str]) -> VersionedTemplate:
    """The default of the first of these teams that has one, else the organization's."""
    found = await templates.find_default_templates(session, team_ids)
    for team_id in (*team_ids, None):
        if team_id in found:
            return found[team_id]
    await ensure_starting_templates(session)
    return await templates.get_latest_unscoped(session, DEFAULT_ID)


async def choose_template(session: Session, viewer: Viewer, field: str, template_id: str) -> VersionedTemplate:
    """The template that the viewer named in that field. Raises UnknownReference or TemplateArchived."""
    try:
        chosen = await templates.get_template(session, viewer, template_id)
    except NotFound as error:
        raise UnknownReference(field=field, kind="template", id=template_id) from error
    if chosen.template.archived_at is not None:
        raise TemplateArchived(id=template_id)
    return chosen


async def ensure_starting_templates(session: Session) -> None:
    """Inserts the templates that every organization begins with. Safe to repeat: what people changed stays."""
    for template_id, content in STARTING_POINTS.items():
        await templates.ensure_template(session, template_id, content, is_default=template_id == DEFAULT_ID)


async def check_may_write(session: Session, viewer: Viewer, team_id: str | None) -> None:
    """Administrators; for a team's templates its lead as well. Raises NotAllowed or ScopeMissing."""
    deed, leads = OrganizationVerb.WRITE_TEMPLATE, False
    if team_id is not None:
        deed, leads = OrganizationVerb.WRITE_TEAM_TEMPLATE, await templates.leads_team(session, viewer, team_id)
    if not access.may_in_organization(deed, access.organization_relations(viewer, leads=leads)):
        who = "an administrator" if team_id is None else "the team's lead or an administrator"
        raise NotAllowed(
            action="edit templates of the organization" if team_id is None else "edit this team's templates", who=who
        )
    if not leads and "admin" not in viewer.scopes:
        raise ScopeMissing(scope="admin")


# Writing


async def create_template(
    session: Session,
    viewer: Viewer,
    changes: Mapping[str, Any],
    *,
    copy_of: str | None,
    team_id: str | None,
    is_default: bool,
    now: datetime,
) -> VersionedTemplate:
    """``changes`` are fields of ``domain.content.templates.Template``; the others are those of the template to copy, or
    of the default sections.

    Raises InvalidTemplate, UnknownReference, TemplateArchived, NotAllowed, ScopeMissing.
    """
    content = replace(DEFAULT, description=None)
    if copy_of is not None:
        content = (await choose_template(session, viewer, "copyOf", copy_of)).content
    content = replace(content, **changes)
    if team_id is not None:
        await check_teams(session, "teamId", [team_id])
    await check_may_write(session, viewer, team_id)
    rules.check(content)
    if is_default:
        await _unset_default(session, viewer, team_id, now)
    template = Template(id=new_id("tpl"), version=1, team_id=team_id, is_default=is_default, created_at=now)
    await templates.insert_template(session, template)
    row = templates.insert_version(session, template, content, viewer.person_id, now)
    _audit(session, viewer, "template.created", template, None, {"name": content.name, "teamId": team_id})
    await session.flush()
    return VersionedTemplate(template, row)


async def change_template(
    session: Session,
    viewer: Viewer,
    template_id: str,
    changes: Mapping[str, Any],
    *,
    is_default: bool | None,
    expected_version: int | None,
    now: datetime,
) -> VersionedTemplate:
    """``changes`` are fields of ``domain.content.templates.Template``. What changes nothing makes no version.

    Raises NotFound, NotAllowed, ScopeMissing, StaleVersion, InvalidTemplate, TemplateArchived, DefaultTemplateNeeded.
    """
    current = await _lock(session, viewer, template_id, expected_version)
    template, before = current.template, current.content
    if template.archived_at is not None:
        raise TemplateArchived(id=template_id)
    after = replace(before, **changes)
    rules.check(after)
    becomes = template.is_default if is_default is None else is_default
    if after == before and becomes == template.is_default:
        return current
    if becomes and not template.is_default:
        await _unset_default(session, viewer, template.team_id, now)
    if template.is_default and not becomes and template.team_id is None:
        raise DefaultTemplateNeeded(id=template_id, hint="Make another template the default instead.")
    changed_before, changed_after = _differences(before, after)
    if becomes != template.is_default:
        changed_before["isDefault"], changed_after["isDefault"] = template.is_default, becomes
    template.is_default = becomes
    row = _insert_next_version(session, viewer, template, after, now)
    _audit(session, viewer, "template.updated", template, changed_before, changed_after)
    await session.flush()
    return VersionedTemplate(template, row)


async def archive_template(
    session: Session, viewer: Viewer, template_id: str, expected_version: int | None, now: datetime
) -> None:
    """Postmortems that have it keep it; no new one begins with it. A second time changes nothing.

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
    _insert_next_version(session, viewer, template, current.content, now)
    _audit(session, viewer, "template.archived", template, None, {"archivedAt": now.isoformat()})
    await session.flush()


async def _lock(session: Session, viewer: Viewer, template_id: str, expected_version: int | None) -> VersionedTemplate:
    current = await templates.get_template(session, viewer, template_id, lock=True)
    await check_may_write(session, viewer, current.template.team_id)
    if expected_version is not None and expected_version != current.template.version:
        raise StaleVersion(expected=str(expected_version), current=current.template.version)
    return current


async def _unset_default(session: Session, viewer: Viewer, team_id: str | None, now: datetime) -> None:
    """Of the team, or of the organization; flushed at once, since there can only be one default."""
    for current in await templates.lock_default_templates(session, team_id):
        current.template.is_default = False
        _insert_next_version(session, viewer, current.template, current.content, now)
        _audit(session, viewer, "template.updated", current.template, {"isDefault": True}, {"isDefault": False})
    await session.flush()


def _insert_next_version(
    session: Session, viewer: Viewer, template: Template, content: rules.Template, now: datetime
) -> TemplateVersion:
    template.version += 1
    return templates.insert_version(session, template, content, viewer.person_id, now)


def _differences(before: rules.Template, after: rules.Template) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = template_columns(before), template_columns(after)
    changed = [name for name in new if new[name] != old[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _audit(
    session: Session,
    viewer: Viewer,
    action: str,
    template: Template,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    after = {**(after or {}), "version": template.version}
    audit(session, viewer, action, "template", template.id, before=before, after=after)

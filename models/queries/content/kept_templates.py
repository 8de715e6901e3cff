"""What a postmortem begins with, and keeps of its template."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.content.custom_fields import accept_values, people_named
from domain.content.default_templates import DEFAULT, DEFAULT_ID
from domain.content.templates import Template as Content
from domain.errors import NotFound, TemplateArchived, UnknownReference
from models.person import Person
from models.postmortem import Postmortem
from models.queries.content.templates import Versioned, content_of, ensure_starting_templates, get_template, latest
from models.template import Template, TemplateVersion


async def pick_template(session: AsyncSession, team_ids: Sequence[str]) -> Versioned:
    """The default of the first of these teams that has one, else the organisation's."""
    statement = latest().where(Template.is_default, or_(Template.team_id.is_(None), Template.team_id.in_(team_ids)))
    found = {template.team_id: Versioned(template, row) for template, row in (await session.execute(statement)).all()}
    for team_id in (*team_ids, None):
        if team_id in found:
            return found[team_id]
    await ensure_starting_templates(session)
    template, row = (await session.execute(latest().where(Template.id == DEFAULT_ID))).one()
    return Versioned(template, row)


async def choose_template(session: AsyncSession, viewer: Viewer, field: str, template_id: str) -> Versioned:
    """One that the viewer begins with, named in that field. Raises UnknownReference or TemplateArchived."""
    try:
        chosen = await get_template(session, viewer, template_id)
    except NotFound as error:
        raise UnknownReference(field=field, kind="template", id=template_id) from error
    if chosen.template.archived_at is not None:
        raise TemplateArchived(id=template_id)
    return chosen


def kept_content(row: TemplateVersion | None) -> Content:
    """What a postmortem's template says; one from before there were templates has the default sections."""
    return DEFAULT if row is None else content_of(row)


async def get_kept(session: AsyncSession, postmortem: Postmortem) -> Content:
    if postmortem.template_id is None:
        return kept_content(None)
    key = (postmortem.template_id, postmortem.template_version)
    return kept_content(await session.get_one(TemplateVersion, key))


async def accept_custom_fields(session: AsyncSession, template: Content, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises InvalidCustomFields with every reason at once."""
    named = people_named(template.fields, values)
    known = (await session.execute(select(Person.id).where(Person.id.in_(named)))).scalars() if named else ()
    return accept_values(template.fields, values, frozenset(known))

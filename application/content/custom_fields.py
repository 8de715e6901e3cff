"""Checking the values that people give to the custom fields of a template."""

from collections.abc import Mapping
from typing import Any

from domain.content.custom_fields import accept_values, people_named
from domain.content.templates import Template
from models.queries.people.people import people_by_id
from models.session import Session


async def accept_custom_fields(session: Session, template: Template, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Raises InvalidCustomFields with every reason at once."""
    named = people_named(template.fields, values)
    known = frozenset(await people_by_id(session, named)) if named else frozenset[str]()
    return accept_values(template.fields, values, known)

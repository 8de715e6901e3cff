"""What the forms beside a postmortem share: the page again with the refusal, and people named in a field."""

from collections.abc import Awaitable, Iterable, MutableMapping
from typing import Any

from fastapi import Response

from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, to
from api.pages.showing import attempted
from application.people.lookup import find_typed_person
from domain.content.custom_fields import FieldType
from domain.content.templates import Template


async def answered(visit: Visit, postmortem_id: str, work: Awaitable[Any], spot: str) -> Response:
    if refusal := await attempted(visit, work):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}{spot}")


async def person_id(visit: Visit, field: str) -> str:
    """The person whom the field names however it is written. Raises UnknownReference, AmbiguousPerson."""
    return (await find_typed_person(visit.context.session, field, visit.form.get(field, ""))).id


def people_fields(template: Template) -> list[str]:
    """The form fields of custom fields that name a person."""
    return [f"field.{one.key}" for one in template.fields if one.type is FieldType.PERSON]


async def find_people(visit: Visit, form: MutableMapping[str, str], names: Iterable[str]) -> None:
    """Puts ids in the place of people who were typed into those fields. Raises UnknownReference, AmbiguousPerson."""
    for name in names:
        if form.get(name, "").strip():
            form[name] = await person_id(visit, name)

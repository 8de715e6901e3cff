"""What the forms beside a postmortem share: the page again with the refusal, and people named in a field."""

from collections.abc import Awaitable
from typing import Any

from fastapi import Response

from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, to
from api.pages.showing import attempted
from domain.errors import UnknownReference
from models.queries.people import people


async def answered(visit: Visit, postmortem_id: str, work: Awaitable[Any], spot: str) -> Response:
    if refusal := await attempted(visit, work):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}{spot}")


async def person_id(visit: Visit, field: str) -> str:
    """The person whom the field names by handle, email address or id. Raises UnknownReference."""
    word = visit.form.get(field, "")
    person = await people.find_by_name(visit.context.session, word)
    if person is None:
        raise UnknownReference(field=field, kind="person", id=word[:100])
    return person.id

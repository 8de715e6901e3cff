"""What the forms beside a postmortem share: the page again with the refusal, and people named in a field."""

from collections.abc import Awaitable
from typing import Any

from fastapi import Response

from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, to
from api.pages.showing import attempted
from application.people.lookup import find_typed_person


async def answered(visit: Visit, postmortem_id: str, work: Awaitable[Any], spot: str) -> Response:
    if refusal := await attempted(visit, work):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}{spot}")


async def person_id(visit: Visit, field: str) -> str:
    """The person whom the field names however it is written. Raises UnknownReference, AmbiguousPerson."""
    return (await find_typed_person(visit.context.session, field, visit.form.get(field, ""))).id

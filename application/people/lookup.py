"""Finding the person that somebody typed: by name or the beginnings of its words, handle, e-mail address or id."""

import re

from domain.errors import AmbiguousPerson, UnknownReference
from models.person import Person
from models.queries.people import people
from models.queries.search.names import list_people_by_words
from models.session import Session

_PICKED = re.compile(r"\(@([A-Za-z0-9._-]+)\)\s*$")
"""How a field's list names people: ``Jane Doe (@jane)``."""
CANDIDATES = 5


async def find_typed_person(session: Session, field: str, words: str) -> Person:
    """Raises UnknownReference, and AmbiguousPerson where several people could be meant."""
    words = words.strip()
    picked = _PICKED.search(words)
    if person := await people.find_by_name(session, picked[1] if picked else words):
        return person
    found = await people.list_by_words(session, words, CANDIDATES + 1)
    if not found:
        found = await list_people_by_words(session, words, CANDIDATES + 1)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownReference(field=field, kind="person", id=words[:100])
    names = ", ".join(f"{one.name} (@{one.handle})" for one in found[:CANDIDATES])
    raise AmbiguousPerson(words=words[:100], names=names + (", and others" if len(found) > CANDIDATES else ""))

"""The audit log of a postmortem: who changed what, when and from where, with the values before and after."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Response

from api.pages.postmortems.reading import titles_of
from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.rendering import words
from api.shapes.base import PathId, ask
from models.audit import AuditEntry
from models.queries.audit import audit_log
from models.queries.audit.audit_log import AuditFilters
from models.queries.content.templates import get_postmortem_template
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.postmortems.postmortems import get_visible

routes = router()

ORIGINS = {"web": "in the browser", "api": "through the API", "system": "by Afterword"}
LONG = 160


@dataclass(frozen=True, slots=True)
class FieldChange:
    """``section`` is the key of a section, whose history shows more."""

    name: str
    before: str
    after: str
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """The names that people know for the ids and keys in the audit log."""

    people: Mapping[str, str]
    sections: Mapping[str, str]

    def field(self, key: str) -> str:
        spaced = (
            "".join(f" {one.lower()}" if one.isupper() else one for one in key[:100])
            .replace("_", " ")
            .removesuffix(" id")
        )
        return self.sections.get(key) or words(spaced.strip())

    def value(self, value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case str():
                known = self.people.get(value) or self.sections.get(value)
                return known or (words(value) if re.fullmatch("[A-Z][A-Z_]{2,40}", value) else value)
            case list():
                return ", ".join(self.value(one) for one in value)
            case dict():
                return "; ".join(f"{self.field(key)}: {self.value(one)}" for key, one in value.items())
        return json.dumps(value)


@routes.get("/postmortems/{postmortem_id}/audit")
async def show_audit_log(visit: Visiting, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]) -> Response:
    session, viewer = visit.context.session, visit.context.viewer
    seen = await get_visible(session, viewer, postmortem_id)
    found = await audit_log.list_audit(session, viewer, AuditFilters(postmortem_id=postmortem_id), page)
    await audit_log.note_reads(session, viewer, {postmortem_id})
    ids = {id_ for one in found.items for id_ in _ids([one.actor_id, one.before, one.after])}
    named = await people.people_by_id(session, ids)
    titles = titles_of(await get_postmortem_template(session, seen.postmortem))
    names = Names({one.id: one.name for one in named.values()}, titles)
    return await show(
        visit,
        "audit/audit.html",
        postmortem=seen.postmortem,
        entries=[(one, list(_changes(one, names))) for one in found.items],
        next_cursor=found.next_cursor,
        people=named,
        origins=ORIGINS,
        short=lambda text: text if len(text) <= LONG else f"{text[:LONG].rstrip()}\u2026",
    )


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("user_") and len(value) < 100:
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one)
    elif isinstance(value, dict):
        yield from _ids(list(value.values()))


def _changes(entry: AuditEntry, names: Names) -> Iterator[FieldChange]:
    before, after = entry.before or {}, entry.after or {}
    for key in dict.fromkeys([*before, *after]):
        section = key if key in names.sections and entry.action.startswith("postmortem.") else None
        yield FieldChange(names.field(key), names.value(before.get(key)), names.value(after.get(key)), section)

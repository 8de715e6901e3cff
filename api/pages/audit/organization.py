"""The audit log of everything, for administrators: found by person, kind of change, entity, and day; and as CSV."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Query, Response

from api.files.audit_log import export_everything
from api.pages.audit_entries import ORIGINS, Names, changes_of, person_ids, shortened
from api.pages.routing import Visit, Visiting, router
from api.pages.showing import attempted, show
from api.rendering import zone_of
from api.shapes.base import Day, SearchQuery, ask
from application.people.lookup import find_typed_person
from domain.errors import DomainError
from models.queries.audit import audit_log
from models.queries.audit.audit_log import AuditFilters
from models.queries.pagination import Ask
from models.queries.people import people

routes = router()

GROUPS = {
    "account": "Linked accounts",
    "action_item": "Action items",
    "advice": "Writing suggestions",
    "archive": "Exports",
    "attachment": "Attachments",
    "audit": "Exports of the audit log",
    "channel": "Chat channels",
    "comment": "Comments",
    "customer_email": "E-mails to customers",
    "editor": "Editors",
    "identity": "Accounts at identity providers",
    "import": "Imports",
    "incident": "Incidents",
    "integration": "Integrations",
    "meeting": "Review meetings",
    "message": "Chat messages",
    "organization": "Use of postmortems",
    "own_calendar": "Personal calendars",
    "participants": "Participants",
    "policy": "Policies",
    "postmortem": "Postmortems",
    "public_summary": "Public summaries",
    "publication": "Copies in other systems",
    "reviewers": "Reviewers",
    "root_cause_category": "Root causes",
    "service": "Services",
    "session": "Sign-ins",
    "share_link": "Share links",
    "sharing_settings": "Sharing settings",
    "sign_in_link": "Sign-in links",
    "sync": "Replayed deliveries",
    "target": "Timing targets",
    "team": "Teams",
    "template": "Templates",
    "ticket": "Tickets",
    "timeline": "Timelines",
    "token": "Tokens",
    "user": "People",
    "view": "Saved views",
}
"""What the first part of an action's code stands for."""

PAGES: Mapping[str, str] = {
    "postmortem": "/postmortems/",
    "action_item": "/action-items/",
    "incident": "/incidents/",
    "user": "/settings/people/",
    "view": "/views/",
    "team": "/settings/teams/",
    "service": "/settings/services/",
    "template": "/settings/templates/",
    "policy": "/settings/policies/",
    "integration": "/settings/integrations/",
}
"""Where an entity of that kind is shown."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed. ``end`` is the last day."""

    person: str
    action: str
    entity: str
    begin: Day | None
    end: Day | None

    def query(self) -> dict[str, str]:
        days = {name: day.isoformat() for name, day in (("from", self.begin), ("to", self.end)) if day}
        words = {"person": self.person, "action": self.action, "entity": self.entity}
        return {name: value for name, value in (words | days).items() if value}


async def _search(
    person: SearchQuery = None,
    action: Annotated[str | None, Query(max_length=100, pattern=r"^[a-z_]+(\.[a-z_]+)?$")] = None,
    entity: SearchQuery = None,
    begin: Annotated[Day | None, Query(alias="from")] = None,
    end: Annotated[Day | None, Query(alias="to")] = None,
) -> Search:
    return Search(person or "", action or "", entity or "", begin, end)


Searching = Annotated[Search, Depends(_search)]


@routes.get("/settings/audit")
async def show_audit_log(visit: Visiting, search: Searching, page: Annotated[Ask, Depends(ask)]) -> Response:
    visit.context.require_admin("read the audit log")
    wanted: list[AuditFilters] = []

    async def work() -> None:
        wanted.append(await _filters(visit, search))

    if refusal := await attempted(visit, work()):
        return await _shown(visit, search, refusal=refusal, entries=[], next_cursor=None, people={})
    session, viewer = visit.context.session, visit.context.viewer
    found = await audit_log.list_audit(session, viewer, wanted[0], page)
    await audit_log.note_reads(session, viewer, {one.postmortem_id for one in found.items if one.postmortem_id})
    named = await people.people_by_id(
        session,
        {id_ for one in found.items for id_ in person_ids([one.actor_id, one.entity_id, one.before, one.after])},
    )
    names = Names({one.id: one.name for one in named.values()}, {})
    return await _shown(
        visit,
        search,
        entries=[(one, list(changes_of(one, names))) for one in found.items],
        next_cursor=found.next_cursor,
        people=named,
    )


async def _shown(visit: Visit, search: Search, *, refusal: DomainError | None = None, **found: Any) -> Response:
    return await show(
        visit,
        "audit/organization.html",
        refusal,
        **found,
        search=search,
        groups=GROUPS,
        pages=PAGES,
        origins=ORIGINS,
        short=shortened,
    )


async def _filters(visit: Visit, search: Search) -> AuditFilters:
    """Raises UnknownReference, AmbiguousPerson. Days are those of the reader."""
    session, zone = visit.context.session, zone_of(visit.context.person.time_zone)
    actor = (await find_typed_person(session, "person", search.person)).id if search.person.strip() else None
    return AuditFilters(
        entity_id=_id_in(search.entity),
        actor_id=actor,
        action=search.action or None,
        at_from=datetime.combine(search.begin, time(), zone) if search.begin else None,
        at_to=datetime.combine(search.end + timedelta(days=1), time(), zone) if search.end else None,
    )


def _id_in(typed: str) -> str | None:
    """The id in what was typed, which may be an address of ours."""
    path = urlsplit(typed.strip()).path.rstrip("/") if "/" in typed else typed.strip()
    return path.rsplit("/", 1)[-1][:100] or None


@routes.get("/settings/audit.csv")
async def download_audit_log(visit: Visiting, search: Searching) -> Response:
    visit.context.require_admin("read the audit log")
    return export_everything(visit.context, await _filters(visit, search), "csv")

"""What of a postmortem's page is open for editing: an event of the timeline, or a fact such as its tags.

The page shows one form at a time, in the place of what it changes. So it stays small, and works without JavaScript.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from starlette.datastructures import QueryParams

from api.pages.postmortems.fields import METRICS, EditorField, current_fields
from api.pages.routing import Visit
from api.rendering import zone_of
from domain import access
from domain.access import Verb, Visibility
from domain.incidents.incident import IncidentStatus
from domain.postmortems.lifecycle import Status
from models.queries import timeline
from models.queries.content import root_causes
from models.queries.content.templates import template_of
from models.queries.incidents import incidents
from models.queries.people import choices
from models.queries.postmortems.postmortems import FullPostmortem, VisiblePostmortem


class Fact(StrEnum):
    """A fact that the page shows and changes in place. Its value is part of addresses and ids."""

    TITLE = "title"
    AUTHOR = "author"
    VISIBILITY = "visibility"
    TEAMS = "teams"
    SERVICES = "services"
    TAGS = "tags"
    CAUSE = "rootCauseCategory"
    PARTICIPANTS = "participants"
    INCIDENTS = "incidents"
    METRICS = "metrics"
    FIELDS = "fields"

    @property
    def verb(self) -> Verb:
        """What somebody must be allowed to do to change it."""
        return Verb.MANAGE if self in {Fact.AUTHOR, Fact.VISIBILITY, Fact.TEAMS, Fact.PARTICIPANTS} else Verb.EDIT

    @property
    def is_list(self) -> bool:
        """Whether it is changed by adding and removing, which never overwrites what others add."""
        return self in {Fact.TEAMS, Fact.SERVICES, Fact.PARTICIPANTS, Fact.INCIDENTS}

    def fields(self, custom: Sequence[str]) -> list[str]:
        """The fields of its form; ``custom`` are the keys of custom fields."""
        if self is Fact.METRICS:
            return [f"metric.{one}" for one in METRICS]
        return [f"field.{one}" for one in custom] if self is Fact.FIELDS else [self.value]


@dataclass(frozen=True, slots=True)
class Opened:
    """``fields`` are those of a form that was refused; ``added`` and ``removed`` name an event."""

    event_id: str | None = None
    fact: Fact | None = None
    fields: Mapping[str, EditorField] = field(default_factory=dict)
    added: str | None = None
    removed: str | None = None


def opened_by(query: QueryParams) -> Opened:
    """What the page's address asks to open."""
    fact = query.get("edit")
    return Opened(
        fact=Fact(fact) if fact in set(Fact) else None, added=query.get("added"), removed=query.get("removed")
    )


def local_field(at: datetime, zone: str) -> str:
    """As a ``datetime-local`` field has it."""
    return at.astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M")


async def read_opened(visit: Visit, full: FullPostmortem, visible: VisiblePostmortem, opened: Opened) -> dict[str, Any]:
    """What the page shows of it, as values for its template."""
    context, zone = visit.context, visit.context.person.time_zone
    status, writes = Status(full.postmortem.status), bool(visit.request.state.frame["may_write"])
    may_edit = writes and access.may(Verb.EDIT, status, full.relations)
    fact = opened.fact if opened.fact and writes and access.may(opened.fact.verb, status, full.relations) else None
    event, removed = None, None
    if may_edit and opened.event_id:
        event = await timeline.get_event(context.session, visible, opened.event_id)
    if may_edit and opened.removed and not await timeline.exists(context.session, opened.removed):
        removed = await timeline.find_removed(context.session, visible, opened.removed)
    added = next((one for one in full.postmortem.timeline if one.id == opened.added), None) if may_edit else None
    return {
        "editing": fact.value if fact else "",
        "edited_event": event,
        "edited_at": local_field(event.at, zone) if event else "",
        "removed_event": removed,
        "added_event": added,
        "next_at": local_field(added.at, zone) if added else "",
        **await _choices(visit, full, fact, opened.fields),
    }


async def _choices(
    visit: Visit, full: FullPostmortem, fact: Fact | None, refused: Mapping[str, EditorField]
) -> dict[str, Any]:
    """The fields of the open form, and what it lets people choose from."""
    session, row = visit.context.session, full.postmortem
    shown: Mapping[str, EditorField] = {}
    if fact and not fact.is_list:
        current = current_fields(full)
        names = fact.fields([one.key for one in template_of(row.template).fields])
        shown = {one: current[one] for one in names} | dict(refused)
    given: dict[str, Any] = {"shown": shown, "choices": [], "metric_names": METRICS}
    if fact is Fact.TEAMS:
        have = {one.team_id for one in row.teams}
        given["choices"] = [one for one in await choices.list_team_choices(session) if one.id not in have]
    if fact is Fact.SERVICES:
        have = {one.id for one in row.services}
        given["choices"] = [one for one in await choices.list_service_choices(session) if one.id not in have]
    if fact is Fact.INCIDENTS:
        have = {one.incident_id for one in row.incidents}
        latest = await incidents.list_titles(session, IncidentStatus.RESOLVED.value, 100)
        given["choices"] = [(key, title) for key, title in latest if key not in have]
    if fact is Fact.CAUSE:
        given["choices"] = await root_causes.list_offered_names(session)
    if fact is Fact.VISIBILITY:
        given["choices"] = [one.value for one in Visibility]
    return given

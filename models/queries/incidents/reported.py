"""What reports name: their incidents, locked, and the services and people that these names mean.

One statement, however many reports; with a webhook's delivery, it records that, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role
from models.incident import Incident, IncidentResponder, IncidentService
from models.queries.connections.deliveries import NewDelivery
from models.queries.prebuilt import Prebuilt, json_list, text_of
from models.queries.rows import columns_of, read_row
from models.queries.together import Existing, NewRows
from models.team import Service

APPLIED = "applied"
Names = tuple[str, str]
"""An incident's source and external id."""


@dataclass(frozen=True, slots=True)
class NewIncident:
    """The row of an incident that nothing was reported of before. ``title`` stands there until its report is merged."""

    id: str
    source: str
    external_id: str
    title: str


@dataclass(frozen=True, slots=True)
class NewService:
    """An inactive one, for a name that isn't known. ``key`` is how spellings of a name are compared."""

    id: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class NewPerson:
    """An inactive member, for an e-mail address that isn't known."""

    id: str
    email: str
    name: str
    handle: str


@dataclass(frozen=True, slots=True)
class NamedService:
    id: str
    team_id: str | None


@dataclass(frozen=True, slots=True)
class NamedPerson:
    id: str
    email: str
    is_active: bool


@dataclass(slots=True)
class Named:
    """Services by the keys of their names, people by their e-mail addresses, and which of the teams exist; also those
    that the incidents had before.

    ``linked_services`` and ``linked_people`` are those of each incident; people with their place among them.

    All but the incidents is from before the wait for their locks. If one of them changed meanwhile, this is outdated:
    ask again, for what is locked stays as it is.
    """

    delivery: int | None = None
    is_outdated: bool = False
    incidents: dict[Names, Incident] = field(default_factory=dict)
    services: dict[str, NamedService] = field(default_factory=dict)
    people: dict[str, NamedPerson] = field(default_factory=dict)
    team_ids: set[str] = field(default_factory=set)
    linked_services: dict[str, set[str]] = field(default_factory=dict)
    linked_people: dict[str, dict[str, int]] = field(default_factory=dict)

    def links(self, incident_id: str, service_ids: Sequence[str], person_ids: Sequence[str]) -> list[NewRows]:
        """The rows that an incident needs so that it has these services, and these people in this order."""
        known, places = self.linked_services.get(incident_id, set()), _places(person_ids)
        services = [
            {"incident_id": incident_id, "service_id": one} for one in dict.fromkeys(service_ids) if one not in known
        ]
        people = [{"incident_id": incident_id, "person_id": one, "ordinal": place} for one, place in places.items()]
        if self.linked_people.get(incident_id, {}) == places:
            people = []
        found = [
            NewRows(IncidentService, services, Existing.KEPT),
            NewRows(IncidentResponder, people, Existing.REPLACED),
        ]
        return [one for one in found if one.rows]

    def linked_to(self, incident_id: str) -> list[NamedService]:
        """The services that the incident had before."""
        ids = self.linked_services.get(incident_id, set())
        return [one for one in dict.fromkeys(self.services.values()) if one.id in ids]


def _places(person_ids: Sequence[str]) -> dict[str, int]:
    return {one: place for place, one in enumerate(dict.fromkeys(person_ids))}


_ARRIVED = """
    arrived as (
        insert into webhook_delivery
            (kind, integration_id, delivery_id, headers, body, received_at, attempts, handled_at, result)
        values (:kind, :integration_id, :delivery_id, cast(:headers as jsonb), :body, :now, 0, :now, :result)
        on conflict do nothing
        returning id
    ),
"""
# Each of the inserts waits for the one before it, so that all transactions take their locks in one order. The first one
# sets a column of a unique index, so that it waits for whoever links the incident to a postmortem.
_NAME = """
    with {arrived} reported as (
        select * from unnest(
            cast(:incident_ids as text[]), cast(:sources as text[]), cast(:external_ids as text[]),
            cast(:titles as text[])
        ) as one (id, source, external_id, title) {if_new}
    ), seen as (
        select incident.id, incident.version from reported join incident using (source, external_id)
    ), taken as (
        insert into incident
            (id, version, source, external_id, registers, title, status, urgency, created_at, updated_at)
        select id, 1, source, external_id, '{{}}', title, 'OPEN', 'LOW', cast(:now as timestamptz), :now
        from reported order by source, external_id
        on conflict (source, external_id) do update set external_id = excluded.external_id
        returning *
    ), locked as (
        select count(*) as incidents from taken
    ), service_links as (
        select incident_id, service_id from incident_service where incident_id in (select id from taken)
    ), person_links as (
        select incident_id, person_id, ordinal from incident_responder where incident_id in (select id from taken)
    ), known_services as (
        select named.key, service.id, service.team_id
        from service named join service on service.id = coalesce(named.merged_into, named.id)
        where named.key = any(cast(:service_keys as text[]))
        union
        select linked.key, service.id, service.team_id
        from service_links join service linked on linked.id = service_links.service_id
        join service on service.id = coalesce(linked.merged_into, linked.id)
        union
        select other.key, service.id, service.team_id
        from service_links join service linked on linked.id = service_links.service_id
        join service on service.id = coalesce(linked.merged_into, linked.id)
        join service other on other.merged_into = service.id
    ), new_services as (
        insert into service (id, version, name, key, is_active)
        select one.id, 1, one.name, one.key, false
        from locked, unnest(cast(:service_ids as text[]), cast(:service_names as text[]), cast(:service_keys as text[]))
            as one (id, name, key)
        where one.key not in (select key from known_services) {and_if_new}
        order by one.key
        on conflict do nothing
        returning key, id, team_id
    ), named_services as (
        select count(*) as services from new_services
    ), new_people as (
        insert into person
            (id, version, email, name, handle, role, is_active, time_zone, notification_preferences)
        select one.id, 1, one.email, one.name, one.handle, :role, false, 'UTC', '{{}}'
        from locked, named_services, unnest(
            cast(:person_ids as text[]), cast(:emails as text[]), cast(:person_names as text[]),
            cast(:handles as text[])
        ) as one (id, email, name, handle)
        where not exists (select from person where person.email = one.email) {and_if_new}
        order by one.email
        on conflict do nothing
        returning id, email, is_active
    )
    select {delivery},
        (select json_agg(json_build_array(key, id, team_id)) from (
            select * from known_services union all select * from new_services
        ) one),
        (select json_agg(json_build_array(id, email, is_active)) from (
            select id, email, is_active from person where email = any(cast(:emails as text[]))
            union select id, email, is_active from person where id in (select person_id from person_links)
            union all select * from new_people
        ) one),
        (select json_agg(id) from team where id = any(cast(:team_ids as text[]))),
        (select json_agg(json_build_array(incident_id, service_id)) from service_links),
        (select json_agg(json_build_array(incident_id, person_id, ordinal)) from person_links),
        exists (
            select from taken left join seen using (id)
            where seen.version is distinct from taken.version and taken.id not in (select id from reported)
        ),
        {columns}
    from locked left join taken on true
"""


@cache
def _statement(is_delivered: bool) -> Prebuilt:
    known = "exists (select from arrived)"
    columns = ", ".join(f"taken.{one.element.name} as {one.name}" for one in columns_of(Incident))
    parts = {
        "arrived": _ARRIVED if is_delivered else "",
        "if_new": f"where {known}" if is_delivered else "",
        "and_if_new": f"and {known}" if is_delivered else "",
        "delivery": "(select id from arrived) as delivery" if is_delivered else "null as delivery",
        "columns": columns,
    }
    return Prebuilt(text(_NAME.format(**parts)))


async def name_reported(
    session: AsyncSession,
    *,
    now: datetime | None = None,
    incidents: Sequence[NewIncident] = (),
    services: Sequence[NewService] = (),
    people: Sequence[NewPerson] = (),
    team_ids: Sequence[str] = (),
    delivery: NewDelivery | None = None,
) -> Named:
    """Adds what is not there yet. Give no incident, service or person twice, and ``now`` with incidents.

    The delivery counts as applied, because it is applied in this transaction. Of one that was received before, nothing
    is added, and its number is None.
    """
    values: dict[str, Any] = {
        "now": now,
        "incident_ids": [one.id for one in incidents],
        "sources": [one.source for one in incidents],
        "external_ids": [one.external_id for one in incidents],
        "titles": [one.title for one in incidents],
        "service_ids": [one.id for one in services],
        "service_names": [one.name for one in services],
        "service_keys": [one.key for one in services],
        "person_ids": [one.id for one in people],
        "emails": [one.email for one in people],
        "person_names": [one.name for one in people],
        "handles": [one.handle for one in people],
        "role": Role.MEMBER.value,
        "team_ids": list(team_ids),
    }
    if delivery is not None:
        values |= delivery.values() | {"result": APPLIED}
    return _read(session, await _statement(delivery is not None).write(session, **values))


def _read(session: AsyncSession, records: Sequence[Any]) -> Named:
    number, services, people, teams, service_links, person_links, is_outdated = records[0][:7]
    named = Named(number, is_outdated)
    named.services = {key: NamedService(*one) for key, *one in services or ()}
    named.people = {one[1]: NamedPerson(*one) for one in people or ()}
    named.team_ids = set(teams or ())
    for incident_id, service_id in service_links or ():
        named.linked_services.setdefault(incident_id, set()).add(service_id)
    for incident_id, person_id, place in person_links or ():
        named.linked_people.setdefault(incident_id, {})[person_id] = place
    for record in records:
        if record[7] is not None:
            incident = read_row(session, Incident, record)
            named.incidents[incident.source, incident.external_id] = incident
    return named


async def read_links(session: AsyncSession, incident_id: str) -> tuple[list[NamedService], list[str]]:
    """The services of an incident, and the ids of its responders. One prebuilt statement."""
    record = await _LINKS.row(session, incident_id=incident_id)
    return [NamedService(*one) for one in record[0]], record[1]


_LINKS = Prebuilt(
    select(
        select(json_list(func.json_build_array(Service.id, Service.team_id), Service.id))
        .join(IncidentService, IncidentService.service_id == Service.id)
        .where(IncidentService.incident_id == text_of("incident_id"))
        .scalar_subquery(),
        select(json_list(func.to_json(IncidentResponder.person_id), IncidentResponder.ordinal))
        .where(IncidentResponder.incident_id == text_of("incident_id"))
        .scalar_subquery(),
    )
)

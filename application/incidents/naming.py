"""What reports name: incidents, and the services and people that they affect. What isn't known yet is added."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.incidents.incident import Incident as Merged
from domain.incidents.incident import IncidentReport, Responder
from domain.people.service_names import service_key
from models.base import new_id
from models.queries.connections.deliveries import NewDelivery
from models.queries.incidents.reported import (
    Named,
    NamedPerson,
    NamedService,
    NewIncident,
    NewPerson,
    NewService,
    name_reported,
)
from models.session import Session

ATTEMPTS = 3
"""What another transaction adds at the same time is found by the next statement."""


async def name_reports(
    session: Session,
    reports: Sequence[IncidentReport],
    now: datetime,
    *,
    incident_id: str | None = None,
    delivery: NewDelivery | None = None,
) -> Named:
    """Locks the incidents, then the services and people that are new, each sorted. One statement, or two if one of the
    incidents changed while it waited for their locks.

    The delivery is recorded with it; if it was received before, nothing else happens.
    """
    incidents = {
        (one.source, one.external_id): NewIncident(
            incident_id or new_id("inc"), one.source, one.external_id, one.title or one.external_id
        )
        for one in reports
    }
    asked: dict[str, Any] = {
        "now": now,
        "incidents": list(incidents.values()),
        "services": _new_services([name for one in reports for name in one.services]),
        "people": _new_people([person for one in reports for person in one.responders]),
        "team_ids": [one.team_id for one in reports if one.team_id],
    }
    named = await name_reported(session, **asked, delivery=delivery)
    return replace(await name_reported(session, **asked), delivery=named.delivery) if named.is_outdated else named


async def services_and_people(
    session: Session, merged: Merged, named: Named
) -> tuple[list[NamedService], list[NamedPerson]]:
    """Those of an incident, in order; no statement if ``named`` has all of them. Inactive ones are added for unknown
    names, to be claimed, and for unknown addresses, to be completed when they join."""
    keys = list(dict.fromkeys(service_key(one) for one in merged.services))
    emails = list(dict.fromkeys(one.email for one in merged.responders))
    for _ in range(ATTEMPTS):
        services = [one for one in merged.services if service_key(one) not in named.services]
        people = [one for one in merged.responders if one.email not in named.people]
        if not services and not people:
            break
        found = await name_reported(session, services=_new_services(services), people=_new_people(people))
        named.services |= found.services
        named.people |= found.people
    services_found = [named.services[one] for one in keys if one in named.services]
    return list(dict.fromkeys(services_found)), [named.people[one] for one in emails if one in named.people]


def _new_services(names: Sequence[str]) -> list[NewService]:
    """One for each key, with the first of its spellings."""
    first = {service_key(name): name for name in reversed(names)}
    return [NewService(new_id("svc"), name, key) for key, name in first.items()]


def _new_people(named: Iterable[Responder]) -> list[NewPerson]:
    names = {one.email.lower(): one.name for one in named}
    return [
        NewPerson(new_id("user"), email, name or email.split("@")[0], _placeholder_handle(email))
        for email, name in names.items()
    ]


def _placeholder_handle(email: str) -> str:
    local = re.sub(r"[^a-z0-9_-]", "-", email.split("@", maxsplit=1)[0].lower())[:30] or "person"
    return f"{local}-{new_id('u')[-8:]}"

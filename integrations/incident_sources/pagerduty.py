"""PagerDuty, by its v3 webhook subscriptions.

Written after https://github.com/PagerDuty/developer-docs/tree/main/docs/webhooks:

- ``01-Overview.md``: payloads and event types. New types may come at any time, so an unknown one is no error;
- ``04-Signatures.md``: ``X-PagerDuty-Signature: v1=<hex>,v1=<hex>``, one HMAC-SHA256 of the raw body for each secret
  while the subscription's is being rotated. No time is signed, so freshness cannot be checked;
- ``02-Behavior.md``: at least once; a 4xx answer drops the delivery, three in a row disable the subscription.

**People.** A webhook names them by reference: an id and a name, an e-mail address only now and then. Without one the
responder's address is ``<id>@pagerduty.invalid`` (a domain that never receives mail, RFC 2606), so that the person is
kept and can be claimed later.

**Status.** The events that change it say so of their own instant. All others carry the status as it then was: they
heal a lost event, but do not move the instant of resolution (see ``domain.incidents.incident``).

**Auto-resolved.** PagerDuty tells who resolved: a service or an integration is a machine.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import ConfigDict

from domain.incidents.incident import IncidentReport, IncidentStatus, Responder, TimelineMark, Urgency
from integrations.connection import Copied, SetupStep
from integrations.fields import BLANK_IS_NONE, Email, Instant, Link, Reported, Words
from integrations.incident_source import Delivery, Headers
from integrations.webhook import check_signatures, header, payload

SOURCE = "pagerduty"
LABEL = "PagerDuty"
SETUP = (
    SetupStep(
        "Save the connection without a secret for now, to get its URL.",
    ),
    SetupStep(
        "In PagerDuty, open Integrations, Generic Webhooks (v3), and add a webhook with this URL for your"
        " account, a team, or a service. Select all incident events.",
        link="https://app.pagerduty.com",
        copies=Copied.WEBHOOK_URL,
    ),
    SetupStep(
        "PagerDuty shows the webhook's secret once. Enter it here as Webhook secret.",
    ),
)
VERSION = "v1="
TITLE_LIMIT, NAME_LIMIT, EVENT_LIMIT = 300, 200, 10_000
"""What ours hold, in characters; PagerDuty's own texts may be longer and are cut."""

_UNNAMED = "unnamed"

Identifier = Annotated[str, Words(100, one_line=True)]
Line = Annotated[Annotated[str, Words(300_000, one_line=True, blank=True)] | None, BLANK_IS_NONE]
Prose = Annotated[Annotated[str, Words(300_000, blank=True)] | None, BLANK_IS_NONE]


class Wire(Reported):
    """PagerDuty adds fields at any time: what we do not read is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Reference(Wire):
    id: Identifier | None = None
    type: Line = None
    summary: Line = None
    html_url: Link | None = None
    email: Email | None = None

    @property
    def name(self) -> str:
        return (self.summary or self.id or _UNNAMED)[:NAME_LIMIT]

    @property
    def is_named(self) -> bool:
        return bool(self.summary or self.id)

    @property
    def is_person(self) -> bool:
        return (self.type or "user").startswith("user") and bool(self.id or self.email)

    @property
    def is_machine(self) -> bool:
        return (self.type or "").removesuffix("_reference").endswith(("service", "integration"))

    @property
    def address(self) -> str:
        return self.email or f"{''.join((self.id or _UNNAMED).lower().split())}@pagerduty.invalid"


class IncidentReference(Reference):
    id: Identifier


class ResolveReason(Wire):
    type: Line = None
    incident: Reference | None = None


class IncidentType(Wire):
    name: Line = None


class IncidentData(Wire):
    """The ``incident`` data type."""

    id: Identifier
    status: Literal["triggered", "acknowledged", "resolved"] | None = None
    html_url: Link | None = None
    number: int | None = None
    title: Line = None
    urgency: Literal["high", "low"] | None = None
    created_at: Instant | None = None
    service: Reference | None = None
    assignees: list[Reference] | None = None
    escalation_policy: Reference | None = None
    priority: Reference | None = None
    incident_type: IncidentType | None = None
    resolve_reason: ResolveReason | None = None


class RemarkData(Wire):
    """``incident_note``, ``incident_status_update`` and ``incident_responder``: what was said of which incident."""

    incident: IncidentReference
    content: Prose = None
    message: Prose = None
    trimmed: bool | None = None
    user: Reference | None = None
    state: Line = None


class EventType(StrEnum):
    """The events that we use."""

    TRIGGERED = "incident.triggered"
    ACKNOWLEDGED = "incident.acknowledged"
    UNACKNOWLEDGED = "incident.unacknowledged"
    ESCALATED = "incident.escalated"
    REASSIGNED = "incident.reassigned"
    DELEGATED = "incident.delegated"
    PRIORITY_UPDATED = "incident.priority_updated"
    SERVICE_UPDATED = "incident.service_updated"
    TYPE_CHANGED = "incident.incident_type.changed"
    REOPENED = "incident.reopened"
    RESOLVED = "incident.resolved"
    RESPONDER_ADDED = "incident.responder.added"
    RESPONDER_REPLIED = "incident.responder.replied"
    ANNOTATED = "incident.annotated"
    STATUS_UPDATE_PUBLISHED = "incident.status_update_published"


D = TypeVar("D")


class Event(Wire, Generic[D]):
    """Without ``id``, the delivery's is the SHA-256 of its body; without ``occurred_at``, it is when we received it."""

    id: Annotated[str, Words(200, shape=r"^[!-~]+$", says="Send the event's id in printable ASCII")] | None = None
    event_type: Identifier
    occurred_at: Instant | None = None
    agent: Reference | None = None
    data: D

    @property
    def people(self) -> tuple[Reference, ...]:
        return (self.agent,) if self.agent and self.agent.is_person else ()


class Webhook(Wire, Generic[D]):
    event: Event[D]


def verify(headers: Headers, body: bytes, secrets: Sequence[str]) -> None:
    """See ``integrations.incident_source``."""
    parts = [part.strip() for part in (header(headers, "X-PagerDuty-Signature") or "").split(",")]
    check_signatures([part.removeprefix(VERSION) for part in parts if part.startswith(VERSION)], body, secrets)


def parse(headers: Headers, body: bytes, received_at: datetime) -> Delivery:  # noqa: ARG001 (all is in the body)
    """See ``integrations.incident_source``. The delivery's id is ``event.id``."""
    event = payload(Webhook[object], body).event
    delivery_id = event.id or hashlib.sha256(body).hexdigest()
    reports = _reports(event.event_type, body, received_at)
    return Delivery(delivery_id, event.event_type, tuple(replace(one, event_id=delivery_id) for one in reports))


def _reports(event_type: str, body: bytes, received_at: datetime) -> Iterable[IncidentReport]:
    if event_type in _CHANGES:
        yield _change(payload(Webhook[IncidentData], body).event, received_at)
    if event_type in _REMARKS:
        yield _remark(payload(Webhook[RemarkData], body).event, received_at)


# Changes: the data is the incident

_STATUS = {
    "triggered": IncidentStatus.OPEN,
    "acknowledged": IncidentStatus.ACKNOWLEDGED,
    "resolved": IncidentStatus.RESOLVED,
}
_NEW_STATUS = {
    EventType.TRIGGERED: IncidentStatus.OPEN,
    EventType.ACKNOWLEDGED: IncidentStatus.ACKNOWLEDGED,
    EventType.UNACKNOWLEDGED: IncidentStatus.OPEN,
    EventType.REOPENED: IncidentStatus.OPEN,
    EventType.RESOLVED: IncidentStatus.RESOLVED,
}


def _change(event: Event[IncidentData], received_at: datetime) -> IncidentReport:
    data, kind, at = event.data, EventType(event.event_type), event.occurred_at or received_at
    acknowledges, resolves = kind is EventType.ACKNOWLEDGED, kind is EventType.RESOLVED
    return IncidentReport(
        source=SOURCE,
        external_id=data.id,
        occurred_at=at,
        received_at=received_at,
        title=_cut(data.title, TITLE_LIMIT),
        urgency=Urgency(data.urgency.upper()) if data.urgency else None,
        status=_NEW_STATUS.get(kind) or (_STATUS[data.status] if data.status else None),
        started_at=data.created_at or (at if kind is EventType.TRIGGERED else None),
        acknowledged_at=at if acknowledges else None,
        acknowledged_by=next((one.address for one in event.people), None) if acknowledges else None,
        resolved_at=at if resolves else None,
        services=(data.service.name,) if data.service and data.service.is_named else (),
        responders=_responders([*(data.assignees or ()), *event.people]),
        url=data.html_url,
        security=_is_security(data) or None,
        resolved_by_machine=bool(event.agent and event.agent.is_machine) if resolves else None,
        merged=_merged_into(data) is not None if resolves else None,
        timeline=(_mark(event, at, _CHANGES[kind](data)),),
    )


def _merged_into(data: IncidentData) -> str | None:
    """The incident that took this one over, in words."""
    reason = data.resolve_reason
    if reason is None or reason.type != "merge_resolve_reason":
        return None
    return reason.incident.name if reason.incident else "another incident"


def _is_security(data: IncidentData) -> bool:
    """PagerDuty's own type for security incidents is named ``security_default``."""
    return bool(data.incident_type and (data.incident_type.name or "").startswith("security"))


def _triggered(data: IncidentData) -> str:
    number = f" #{data.number}" if data.number is not None else ""
    return f"Incident{number} triggered" + (
        f" on {data.service.name}" if data.service and data.service.is_named else ""
    )


def _resolved(data: IncidentData) -> str:
    target = _merged_into(data)
    return f"Resolved: merged into {target}" if target else "Resolved"


def _to(words: str, target: Callable[[IncidentData], str]) -> Callable[[IncidentData], str]:
    def tell(data: IncidentData) -> str:
        name = target(data)
        return f"{words} to {name}" if name else words

    return tell


def _assignees(data: IncidentData) -> str:
    return ", ".join(one.name for one in data.assignees or ())


def _named(one: Reference | None) -> str:
    return one.name if one else ""


_CHANGES: dict[str, Callable[[IncidentData], str]] = {
    EventType.TRIGGERED: _triggered,
    EventType.ACKNOWLEDGED: lambda _: "Acknowledged",
    EventType.UNACKNOWLEDGED: lambda _: "No longer acknowledged",
    EventType.ESCALATED: _to("Escalated", _assignees),
    EventType.REASSIGNED: _to("Reassigned", _assignees),
    EventType.DELEGATED: _to("Delegated", lambda data: _named(data.escalation_policy)),
    EventType.PRIORITY_UPDATED: _to("Priority changed", lambda data: _named(data.priority) or "none"),
    EventType.SERVICE_UPDATED: _to("Service changed", lambda data: _named(data.service)),
    EventType.TYPE_CHANGED: _to("Type changed", lambda data: (data.incident_type and data.incident_type.name) or ""),
    EventType.REOPENED: lambda _: "Reopened",
    EventType.RESOLVED: _resolved,
}


# Remarks: the data only refers to the incident


def _remark(event: Event[RemarkData], received_at: datetime) -> IncidentReport:
    incident, kind, at = event.data.incident, EventType(event.event_type), event.occurred_at or received_at
    return IncidentReport(
        source=SOURCE,
        external_id=incident.id,
        occurred_at=at,
        received_at=received_at,
        title=_cut(incident.summary, TITLE_LIMIT),
        responders=_responders([*_joined(event.data), *event.people]),
        url=incident.html_url,
        timeline=(_mark(event, at, _REMARKS[kind](event.data)),),
    )


def _joined(data: RemarkData) -> tuple[Reference, ...]:
    return (data.user,) if data.user and data.state != "declined" else ()


def _note(data: RemarkData) -> str:
    return f"Note: {_quoted(data.content, data)}"


def _status_update(data: RemarkData) -> str:
    return f"Status update: {_quoted(data.message, data)}"


def _responder_added(data: RemarkData) -> str:
    return _said(f"Responder requested: {_named(data.user) or _UNNAMED}", data)


def _responder_replied(data: RemarkData) -> str:
    return _said(f"Responder {data.state or 'replied'}: {_named(data.user) or _UNNAMED}", data)


def _said(words: str, data: RemarkData) -> str:
    return f"{words} ({data.message})" if data.message else words


def _quoted(text: str | None, data: RemarkData) -> str:
    return (text or "(empty)") + (" … (shortened by PagerDuty)" if data.trimmed else "")


_REMARKS: dict[str, Callable[[RemarkData], str]] = {
    EventType.RESPONDER_ADDED: _responder_added,
    EventType.RESPONDER_REPLIED: _responder_replied,
    EventType.ANNOTATED: _note,
    EventType.STATUS_UPDATE_PUBLISHED: _status_update,
}


# Both


def _responders(people: Iterable[Reference]) -> tuple[Responder, ...]:
    found = {one.address: Responder(one.address, one.summary and one.name) for one in people if one.is_person}
    return tuple(found.values())


def _mark(event: Event[D], at: datetime, words: str) -> TimelineMark:
    return TimelineMark(at, words[:EVENT_LIMIT], event.agent.name if event.agent else None)


def _cut(text: str | None, limit: int) -> str | None:
    return text[:limit] if text else None

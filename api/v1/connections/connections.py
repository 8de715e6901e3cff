"""Connections to other systems. Administrators; credentials go in and never come out."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Response
from pydantic import Field, JsonValue

from api.request_context import Context, RequestContext
from api.shapes.base import FreeForm, Given, IfMatch, Listing, PathId, Shape, ask, expected_version, tag
from api.shapes.projections import ProjectionShape
from api.v1.routing import router
from domain.errors import CredentialsLocked, DomainError, NoTracker
from integrations import registry
from integrations.fields import Name, Words
from integrations.tracker import Registration, TrackerUnavailable
from models.base import new_id
from models.integration import Integration
from models.queries.audit import records
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.people import teams
from models.queries.postmortems.postmortems import check_services

log = structlog.get_logger()

routes: APIRouter = router("integrations", prefix="/integrations")

Paging = Annotated[Ask, Depends(ask)]
Kind = Annotated[str, Words(40, shape=r"^[a-z][a-z0-9_]*$", says="Give a kind, such as github")]

GOODBYE = 10.0
"""Seconds that a vendor has to take our webhook away when it is disconnected."""


class IntegrationNew(Given):
    """``config`` and ``secrets`` are those of the kind; ``secrets.webhookSecret`` signs its webhooks."""

    kind: Kind
    name: Name
    config: FreeForm = Field(default_factory=dict)
    secrets: FreeForm = Field(default_factory=dict)
    projection: ProjectionShape = Field(default_factory=ProjectionShape)


class IntegrationPatch(Given):
    """``secrets`` replaces only those that are named in it, and takes away those that are null; ``config`` and
    ``projection`` are replaced whole. ``enabled`` false pauses: nothing is written, and what is sent is kept unused."""

    name: Name = Field(default="")
    config: FreeForm = Field(default_factory=dict)
    secrets: FreeForm = Field(default_factory=dict)
    projection: ProjectionShape = Field(default_factory=ProjectionShape)
    enabled: bool = True


class RegistrationOut(Shape):
    """Our webhook at the vendor; ``expiresAt`` null stays until it is taken away."""

    id: str
    expires_at: datetime | None


class IntegrationOut(Shape):
    """``secretNames`` tells which secrets are set; null where no key opens them. ``account`` is whom we act as."""

    id: str
    version: int
    kind: str
    name: str
    config: dict[str, JsonValue]
    secret_names: list[str] | None
    projection: dict[str, JsonValue]
    enabled: bool
    needs_attention: str | None
    account: str | None
    registration: RegistrationOut | None
    webhook_url: str
    created_at: datetime
    disconnected_at: datetime | None


class KindOut(Shape):
    """A kind of connection. ``config`` and ``secrets`` are JSON schemas of the two forms; a secret is ``writeOnly``."""

    kind: str
    label: str
    is_tracker: bool
    is_channel: bool
    config: dict[str, JsonValue]
    secrets: dict[str, JsonValue]


def integration_out(context: RequestContext, row: Integration) -> IntegrationOut:
    registered = registration_of(row)
    return IntegrationOut(
        id=row.id,
        version=row.version,
        kind=row.kind,
        name=row.name,
        config=row.config,
        secret_names=_secret_names(context, row),
        projection=row.projection,
        enabled=row.is_enabled,
        needs_attention=row.needs_attention,
        account=row.account,
        registration=RegistrationOut(id=registered.id, expires_at=registered.expires_at) if registered else None,
        webhook_url=f"{context.parts.settings.base_url}/api/webhooks/{row.kind}/{row.id}",
        created_at=row.created_at,
        disconnected_at=row.disconnected_at,
    )


def registration_of(row: Integration) -> Registration | None:
    if not row.registration:
        return None
    until = row.registration.get("expiresAt")
    return Registration(str(row.registration["id"]), datetime.fromisoformat(until) if until else None)


def _secret_names(context: RequestContext, row: Integration) -> list[str] | None:
    try:
        return sorted(context.parts.keyring.open(row.secrets))
    except CredentialsLocked:
        return None


def need_tracker(row: Integration) -> None:
    if row.kind not in registry.tracker_kinds():
        raise NoTracker(kind=row.kind)


@routes.get("")
async def list_integrations(context: Context, page: Paging, disconnected: bool = False) -> Listing[IntegrationOut]:
    """Those in use, oldest first; with ``disconnected`` those that were given up."""
    context.require_admin("see the connections of")
    found = await connections.list_integrations(context.session, page, disconnected=disconnected)
    return Listing(items=[integration_out(context, one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/kinds")
async def list_kinds(context: Context) -> Listing[KindOut]:
    """What can be connected, with the JSON schema of each form."""
    context.require_admin("see the connections of")
    return Listing(items=[KindOut.model_validate(one) for one in registry.all_kinds()])


@routes.post("", status_code=201)
async def create_integration(context: Context, given: IntegrationNew, response: Response) -> IntegrationOut:
    """Makes a connection; give its ``webhookUrl`` to the vendor."""
    context.require_admin("add connections to")
    secrets = _given_secrets({}, given.secrets)
    registry.check_connection(given.kind, given.config, secrets)
    projection = await _checked(context, given.kind, given.projection)
    row = Integration(
        id=new_id("int"),
        kind=given.kind,
        name=given.name,
        config=given.config,
        secrets=context.parts.keyring.seal(secrets),
        projection=projection,
        look_wanted_at=context.now,
        created_by_id=context.viewer.person_id,
        created_at=context.now,
    )
    context.session.add(row)
    told = {"kind": row.kind, "name": row.name, "config": row.config, "secrets": sorted(secrets)}
    told |= {"projection": projection} if projection else {}
    records.audit(context.session, context.viewer, "integration.created", "integration", row.id, after=told)
    await context.session.flush()
    response.headers["Location"] = f"/api/integrations/{row.id}"
    tag(response, row.version)
    return integration_out(context, row)


def _given_secrets(known: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in (dict(known) | dict(given)).items() if value is not None}


async def _checked(context: RequestContext, kind: str, given: ProjectionShape) -> dict[str, JsonValue]:
    """As it is kept. Raises NoTracker or UnknownReference."""
    kept = given.kept()
    if kept and kind not in registry.tracker_kinds():
        raise NoTracker(kind=kind)
    team_ids = [one.team_id for one in given.destinations if one.team_id]
    service_ids = [one.service_id for one in given.destinations if one.service_id]
    await teams.check_teams(context.session, "projection.destinations.teamId", team_ids)
    await check_services(context.session, "projection.destinations.serviceId", service_ids)
    return kept


@routes.get("/{integration_id}")
async def get_integration(context: Context, integration_id: PathId, response: Response) -> IntegrationOut:
    context.require_admin("see the connections of")
    row = await connections.get_integration(context.session, integration_id)
    tag(response, row.version)
    return integration_out(context, row)


@routes.patch("/{integration_id}")
async def change_integration(
    context: Context, integration_id: PathId, given: IntegrationPatch, response: Response, if_match: IfMatch = None
) -> IntegrationOut:
    """Also how credentials are renewed, which clears ``needsAttention``, and how it is paused and goes on."""
    context.require_admin("change the connections of")
    row = await connections.get_connected(context.session, integration_id, lock=True)
    changes: dict[str, Any] = given.given()
    if "projection" in changes:
        changes["projection"] = await _checked(context, row.kind, given.projection)
    secrets = _given_secrets(_known_secrets(context, row), changes.pop("secrets", {}))
    registry.check_connection(row.kind, changes.get("config", row.config), secrets)
    if "enabled" in changes:
        changes["is_enabled"] = changes.pop("enabled")
    if given.secrets:
        changes |= {"needs_attention": None, "attention_of": None}
    before = row.config, row.is_enabled
    records.change_row(context.session, context.viewer, "integration", row, changes, expected_version(if_match))
    if given.secrets:
        row.secrets = context.parts.keyring.seal(secrets)
        told = {"secrets": sorted(given.secrets)}
        records.audit(context.session, context.viewer, "integration.secrets_renewed", "integration", row.id, after=told)
    if given.secrets or before != (row.config, row.is_enabled):
        row.look_wanted_at = context.now
    await context.session.flush()
    tag(response, row.version)
    return integration_out(context, row)


def _known_secrets(context: RequestContext, row: Integration) -> dict[str, object]:
    """None where no key opens them: whoever renews them enters all."""
    try:
        return context.parts.keyring.open(row.secrets)
    except CredentialsLocked:
        return {}


class Goodbye(IntegrationOut):
    """``webhookLeft`` says why our webhook is still at the vendor, where it is; null otherwise."""

    webhook_left: str | None


@routes.delete("/{integration_id}")
async def disconnect(context: Context, integration_id: PathId, if_match: IfMatch = None) -> Goodbye:
    """Gives the connection up: its credentials are destroyed, and its webhook is taken away at the vendor where that
    is possible. Links to tickets stay and can be read; webhooks that still come are answered with 410."""
    context.require_admin("disconnect the connections of")
    row = await connections.get_connected(context.session, integration_id)
    left = await _unhook(context, row)
    row = await connections.get_connected(context.session, integration_id, lock=True)
    gone: dict[str, Any] = {"disconnected_at": context.now, "is_enabled": False, "needs_attention": None}
    records.change_row(
        context.session, context.viewer, "integration", row, gone | {"registration": None}, expected_version(if_match)
    )
    row.secrets, row.troubled_at, row.registering_until = None, None, None
    told = {"name": row.name, "webhookLeft": left}
    records.audit(context.session, context.viewer, "integration.disconnected", "integration", row.id, after=told)
    await context.session.flush()
    return Goodbye(**integration_out(context, row).model_dump(), webhook_left=left)


async def _unhook(context: RequestContext, row: Integration) -> str | None:
    """Takes our webhook away; why it is still there, where it is."""
    current = registration_of(row)
    if current is None or row.kind not in registry.tracker_kinds():
        return None
    try:
        secrets = context.parts.keyring.open(row.secrets)
        async with asyncio.timeout(GOODBYE):
            await asyncio.to_thread(_remove_webhook, row.kind, row.config, secrets, current)
    except (DomainError, TrackerUnavailable) as problem:
        return str(problem)
    except TimeoutError:
        return f"{registry.tracker(row.kind).label} did not answer in time"
    return None


def _remove_webhook(kind: str, config: dict[str, Any], secrets: dict[str, object], current: Registration) -> None:
    with registry.connect(kind, config, secrets) as tracker:
        tracker.remove_webhook(current)

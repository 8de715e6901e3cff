"""Connections to other systems. Administrators; credentials go in and never come out."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field, JsonValue

from api.unit import Asking, Unit
from api.v1.routing import router
from api.v1.shapes import FreeForm, Given, IfMatch, Listing, PathId, Shape, ask, expected_version, tag
from domain.errors import UnknownIntegrationKind
from integrations import shelf
from integrations.fields import Name, Words
from integrations.notifier import NotifierUnavailable
from integrations.tracker import PermissionCheck, TrackerUnavailable
from models.base import new_id
from models.integration import Integration
from models.queries import integrations, records
from models.queries.pages import Ask

routes: APIRouter = router("integrations", prefix="/integrations")

Paging = Annotated[Ask, Depends(ask)]
Kind = Annotated[str, Words(40, shape=r"^[a-z][a-z0-9_]*$", says="Give a kind, such as github")]


class IntegrationNew(Given):
    """``config`` and ``secrets`` are those of the kind; ``secrets.webhookSecret`` signs its webhooks."""

    kind: Kind
    name: Name
    config: FreeForm = Field(default_factory=dict)
    secrets: FreeForm = Field(default_factory=dict)


class IntegrationPatch(Given):
    """``secrets`` replaces only those that are named in it."""

    name: Name = Field(default="")
    config: FreeForm = Field(default_factory=dict)
    secrets: FreeForm = Field(default_factory=dict)
    enabled: bool = True


class IntegrationOut(Shape):
    """``secretNames`` tells which secrets are set."""

    id: str
    version: int
    kind: str
    name: str
    config: dict[str, JsonValue]
    secret_names: list[str]
    enabled: bool
    needs_attention: str | None
    webhook_url: str
    created_at: datetime


class CheckOut(Shape):
    name: str
    granted: bool
    detail: str


class TestOut(Shape):
    """``ok`` when every permission is granted."""

    ok: bool
    checks: list[CheckOut]


class AttemptOut(Shape):
    id: int
    at: datetime
    direction: str
    operation: str
    result: str
    detail: str | None
    action_item_id: str | None
    delivery_id: str | None


def integration_out(unit: Unit, row: Integration) -> IntegrationOut:
    return IntegrationOut(
        id=row.id,
        version=row.version,
        kind=row.kind,
        name=row.name,
        config=row.config,
        secret_names=sorted(unit.parts.vault.open(row.secrets)),
        enabled=row.is_enabled,
        needs_attention=row.needs_attention,
        webhook_url=f"{unit.parts.settings.base_url}/api/webhooks/{row.kind}/{row.id}",
        created_at=row.created_at,
    )


@routes.get("")
async def list_integrations(unit: Asking, page: Paging) -> Listing[IntegrationOut]:
    unit.require_admin("see the connections of")
    found = await integrations.list_integrations(unit.session, page)
    return Listing(items=[integration_out(unit, one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_integration(unit: Asking, given: IntegrationNew, response: Response) -> IntegrationOut:
    """Makes a connection; give its ``webhookUrl`` to the vendor."""
    unit.require_admin("add connections to")
    shelf.check_connection(given.kind, given.config, given.secrets)
    row = Integration(
        id=new_id("int"),
        kind=given.kind,
        name=given.name,
        config=given.config,
        secrets=unit.parts.vault.seal(given.secrets),
        created_by_id=unit.viewer.person_id,
        created_at=unit.now,
    )
    unit.session.add(row)
    told = {"kind": row.kind, "name": row.name, "config": row.config, "secrets": sorted(given.secrets)}
    records.audit(unit.session, unit.viewer, "integration.created", "integration", row.id, after=told)
    await unit.session.flush()
    response.headers["Location"] = f"/api/integrations/{row.id}"
    tag(response, row.version)
    return integration_out(unit, row)


@routes.get("/{integration_id}")
async def get_integration(unit: Asking, integration_id: PathId, response: Response) -> IntegrationOut:
    unit.require_admin("see the connections of")
    row = await integrations.get_integration(unit.session, integration_id)
    tag(response, row.version)
    return integration_out(unit, row)


@routes.patch("/{integration_id}")
async def change_integration(
    unit: Asking, integration_id: PathId, given: IntegrationPatch, response: Response, if_match: IfMatch = None
) -> IntegrationOut:
    """Also how credentials are renewed, which clears ``needsAttention``."""
    unit.require_admin("change the connections of")
    row = await integrations.get_integration(unit.session, integration_id, lock=True)
    changes: dict[str, Any] = given.given()
    secrets = unit.parts.vault.open(row.secrets) | changes.pop("secrets", {})
    shelf.check_connection(row.kind, changes.get("config", row.config), secrets)
    if "enabled" in changes:
        changes["is_enabled"] = changes.pop("enabled")
    if given.secrets:
        changes |= {"needs_attention": None, "attention_of": None}
    records.change_row(unit.session, unit.viewer, "integration", row, changes, expected_version(if_match))
    if given.secrets:
        row.secrets = unit.parts.vault.seal(secrets)
        told = {"secrets": sorted(given.secrets)}
        records.audit(unit.session, unit.viewer, "integration.secrets_renewed", "integration", row.id, after=told)
    await unit.session.flush()
    tag(response, row.version)
    return integration_out(unit, row)


@routes.post("/{integration_id}/test")
async def check_integration(unit: Asking, integration_id: PathId) -> TestOut:
    """Asks the vendor, and names each permission that is missing."""
    unit.require_admin("test the connections of")
    row = await integrations.get_integration(unit.session, integration_id)
    secrets = unit.parts.vault.open(row.secrets)
    if row.kind in shelf.notifier_kinds():
        checks = await _check_channel(row.kind, row.config, secrets)
    elif row.kind in shelf.tracker_kinds():
        checks = await asyncio.to_thread(_check, row.kind, row.config, secrets)
    else:
        known = ", ".join(sorted({*shelf.tracker_kinds(), *shelf.notifier_kinds()}))
        raise UnknownIntegrationKind(kind=f"{row.kind} (it only sends)", known=known)
    return TestOut(
        ok=all(one.granted for one in checks),
        checks=[CheckOut(name=one.name, granted=one.granted, detail=one.detail) for one in checks],
    )


def _check(kind: str, config: dict[str, Any], secrets: dict[str, object]) -> list[PermissionCheck]:
    """On a thread. A tracker that is away is an answer too."""
    try:
        with shelf.connect(kind, config, secrets) as tracker:
            return tracker.check_permissions()
    except TrackerUnavailable as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))]


async def _check_channel(kind: str, config: dict[str, Any], secrets: dict[str, object]) -> list[PermissionCheck]:
    try:
        async with shelf.connect_notifier(kind, config, secrets) as channel:
            return await channel.check_permissions()
    except NotifierUnavailable as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))]


@routes.get("/{integration_id}/deliveries")
async def list_deliveries(unit: Asking, integration_id: PathId, page: Paging) -> Listing[AttemptOut]:
    """The sync log: every attempt in either direction, newest first."""
    unit.require_admin("see the sync log of")
    await integrations.get_integration(unit.session, integration_id)
    found = await integrations.list_attempts(unit.session, integration_id, page)
    return Listing(items=[AttemptOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)

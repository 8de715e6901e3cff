"""Whether a connection can do what it has to, asked of its vendor: nothing is written there."""

import asyncio
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import PathId, Shape
from api.v1.connections.connections import need_tracker
from api.v1.routing import router
from domain.errors import DomainError
from domain.tickets.projection import Destination, Projection, read_projection
from integrations import registry
from integrations.notifier import NotifierUnavailable
from integrations.tracker import PermissionCheck, RequiredField, Tracker, TrackerUnavailable
from models.queries.connections import connections

routes: APIRouter = router("integrations", prefix="/integrations")


class CheckOut(Shape):
    name: str
    granted: bool
    detail: str


class TestOut(Shape):
    """``ok`` when every permission is granted and every required field has a value."""

    ok: bool
    checks: list[CheckOut]


@routes.post("/{integration_id}/test")
async def check_integration(context: Context, integration_id: PathId) -> TestOut:
    """Asks the vendor, and names each permission that is missing and each required field without a value."""
    context.require_admin("test the connections of")
    row = await connections.get_connected(context.session, integration_id)
    if row.kind not in registry.notifier_kinds():
        need_tracker(row)
    secrets = context.parts.keyring.open(row.secrets)
    if row.kind in registry.notifier_kinds():
        checks = await _check_channel(row.kind, row.config, secrets)
    else:
        checks = await asyncio.to_thread(_check, row.kind, row.config, secrets, read_projection(row.projection))
    ok = all(one.granted for one in checks)
    if ok:
        await connections.note_recovery(context.session, integration_id, context.now)
    return TestOut(ok=ok, checks=[CheckOut(name=one.name, granted=one.granted, detail=one.detail) for one in checks])


def _check(
    kind: str, config: dict[str, Any], secrets: dict[str, object], projection: Projection
) -> list[PermissionCheck]:
    """On a thread. A tracker that is away is an answer too."""
    try:
        with registry.connect(kind, config, secrets) as tracker:
            checks = tracker.check_permissions()
            if all(one.granted for one in checks):
                checks += _missing(tracker, projection)
            return checks
    except TrackerUnavailable as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))]


async def _check_channel(kind: str, config: dict[str, Any], secrets: dict[str, object]) -> list[PermissionCheck]:
    try:
        async with registry.connect_notifier(kind, config, secrets) as channel:
            return await channel.check_permissions()
    except NotifierUnavailable as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))]


def _missing(tracker: Tracker, projection: Projection) -> Iterator[PermissionCheck]:
    """Required fields that have no value yet, for each place where tickets go."""
    places = {(one.project, one.issue_type) for one in (Destination(), *projection.destinations)}
    for project, issue_type in sorted(places, key=str):
        where = " ".join(one for one in (project, issue_type) if one)
        try:
            required = tracker.required_fields(project, issue_type)
        except DomainError as refusal:
            yield PermissionCheck(f"Create form of {where or tracker.label}", granted=False, detail=str(refusal))
            continue
        for one in required:
            if problem := lacks(one, projection.fields.get(one.id)):
                name = f"Required field {one.name}" + (f" in {where}" if where else "")
                yield PermissionCheck(name, granted=False, detail=problem)


def lacks(required: RequiredField, value: object) -> str | None:
    """Why a ticket cannot be made with this value; None where it can."""
    known = ", ".join(f"{name} ({one})" for one, name in list(required.options.items())[:10])
    choices = f" One of: {known}." if known else ""
    if value in (None, "", [], {}):
        return f"Give '{required.id}' a value under fields of the connection's projection.{choices}"
    if required.options and isinstance(value, str) and value not in required.options:
        return f"'{value}' is not a value of '{required.id}'.{choices}"
    return None

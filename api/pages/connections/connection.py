"""One connection: how it does, its settings, how items become its tickets, and trying it."""

import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from api.pages.connections.forms import sent_projection, sent_secrets, sent_settings, settings_of, shown_projection
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, expected_version
from api.shapes.connections.checks import checks_out
from api.shapes.connections.connections import IntegrationPatch, integration_out
from api.shapes.connections.dry_run import DryRunIn, dry_run_out
from api.shapes.connections.health import HourOut, health_out
from api.shapes.connections.sync_log import attempt_out
from application.connections.checks import check_connection
from application.connections.connections import change_connection, confirm_kept_host, disconnect_connection
from application.connections.dry_run import run_dry
from application.notifications.connection_trouble import record_recovery, record_trouble
from domain.errors import DomainError
from integrations import registry
from models.queries.connections import connections, health, sync_log
from models.queries.connections.sync_log import LogFilters
from models.queries.pagination import Ask
from models.queries.people import services as service_queries
from models.queries.people import teams

routes = router()

HEIGHT = 56
"""Of the picture of attempts, in its own units; a bar is ten wide."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: the height of its attempts, and of the errors among them. ``title`` is shown on hover."""

    x: int
    attempts: float
    errors: float
    title: str


def bars(hours: Sequence[HourOut]) -> list[Bar]:
    most = max((one.attempts for one in hours), default=0) or 1
    return [
        Bar(
            at * 10,
            round(HEIGHT * one.attempts / most, 1),
            round(HEIGHT * one.errors / most, 1),
            f"{one.at:%b %-d, %-I:%M %p} UTC: {one.attempts} attempts, {one.errors} failed",
        )
        for at, one in enumerate(hours)
    ]


@routes.get("/settings/integrations/{integration_id}")
async def read(visit: Visiting, integration_id: PathId) -> Response:
    return await _shown(visit, integration_id)


async def _shown(visit: Visit, integration_id: str, refusal: DomainError | None = None, **more: Any) -> Response:
    context = visit.context
    context.require_admin("see integrations")
    row = await connections.get_integration(context.session, integration_id)
    figures = (await health.figures_of(context.session, [row.id], context.now))[row.id]
    hours = await health.hours_of(context.session, row.id, context.now)
    shown_health = health_out(row, figures, hours, context.now)
    kind = registry.kind_of(row.kind)
    sent = visit.form if refusal else {}
    latest = await sync_log.list_attempts(context.session, integration_id, LogFilters(), Ask(8))
    page: dict[str, Any] = {
        "one": integration_out(context, row),
        "kind": kind,
        "health": shown_health,
        "bars": bars(shown_health.hours),
        "height": HEIGHT,
        "settings": settings_of(kind.config, row.config),
        "typed": {name[2:]: value for name, value in sent.items() if name.startswith("c.")} or None,
        "secrets": settings_of(kind.secrets, {}),
        "projection": shown_projection(_projection(sent) or row.projection),
        "places": await _places(visit),
        "attempts": [attempt_out(one) for one in latest.items],
        "manifest": _manifest(visit, row.kind, row.id),
        "tested": None,
        "tried": None,
    }
    return await show(visit, "connections/connection.html", refusal, **(page | more))


def _manifest(visit: Visit, kind: str, integration_id: str) -> str:
    """As text to copy; empty where the vendor takes none."""
    base_url = visit.context.parts.settings.base_url
    made = registry.manifest_of(kind, f"{base_url}/api/webhooks/{kind}/{integration_id}", base_url)
    return json.dumps(made, indent=2) if made else ""


def _projection(sent: Mapping[str, str]) -> dict[str, Any] | None:
    """What was typed into a form that was refused, as far as it can be read."""
    if sent.get("form") != "projection":
        return None
    try:
        return sent_projection(sent)
    except DomainError:
        return None


async def _places(visit: Visit) -> dict[str, str]:
    session = visit.context.session
    named = {f"team:{one.id}": f"Team {one.name}" for one in (await teams.list_teams(session, Ask(200))).items}
    services = (await service_queries.list_services(session, Ask(200))).items
    named |= {f"service:{one.id}": f"Service {one.name}" for one in services}
    return {"else": "Everything else"} | named


async def _answered(visit: Visit, integration_id: str, work: Awaitable[Any], spot: str = "") -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, integration_id, refusal)
    return to(f"/settings/integrations/{integration_id}{spot}")


async def _change(visit: Visit, integration_id: str, given: Mapping[str, Any]) -> None:
    context, version = visit.context, visit.form.get("version")
    patch = read_form(IntegrationPatch, given)
    expected = expected_version(f'"{version}"') if version else None
    context.require_admin("change a connection")
    await change_connection(
        context.session,
        context.viewer,
        context.parts.keyring,
        integration_id,
        patch.columns(),
        patch.secrets,
        expected,
        context.now,
    )


@routes.post("/settings/integrations/{integration_id}")
async def save(visit: Visiting, integration_id: PathId) -> Response:
    context = visit.context
    context.require_admin("change a connection")
    kind = registry.kind_of((await connections.get_integration(context.session, integration_id)).kind)

    async def work() -> None:
        given: dict[str, Any] = {
            "name": visit.form.get("name", ""),
            "config": sent_settings(kind.config, visit.form),
        }
        if secrets := sent_secrets(kind.secrets, visit.form):
            given["secrets"] = secrets
        await _change(visit, integration_id, given)

    return await _answered(visit, integration_id, work(), "#settings")


@routes.post("/settings/integrations/{integration_id}/projection")
async def save_projection(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        await _change(visit, integration_id, {"projection": sent_projection(visit.form)})

    return await _answered(visit, integration_id, work(), "#projection")


@routes.post("/settings/integrations/{integration_id}/enabled")
async def pause_or_resume(visit: Visiting, integration_id: PathId) -> Response:
    work = _change(visit, integration_id, {"enabled": visit.form.get("enabled") == "yes"})
    return await _answered(visit, integration_id, work)


@routes.post("/settings/integrations/{integration_id}/confirm-host")
async def confirm_host(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        context = visit.context
        context.require_admin("change a connection")
        await confirm_kept_host(context.session, context.viewer, integration_id, None, context.now)

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/disconnect")
async def disconnect(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        context = visit.context
        context.require_admin("disconnect a connection")
        keyring = context.parts.keyring
        await disconnect_connection(
            context.session, context.outside, context.viewer, keyring, integration_id, None, context.now
        )

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/test")
async def check(visit: Visiting, integration_id: PathId) -> Response:
    """Shows what the vendor answered; it is not kept."""
    found: list[Any] = []

    async def work() -> None:
        context = visit.context
        context.require_admin("test a connection")
        keyring = context.parts.keyring
        checks = await check_connection(
            context.session, context.outside, keyring, integration_id, context.now, record_recovery, record_trouble
        )
        found.append(checks_out(checks))

    refusal = await attempted(visit, work())
    return await _shown(visit, integration_id, refusal, tested=found[0] if found else None)


@routes.post("/settings/integrations/{integration_id}/dry-run")
async def try_it(visit: Visiting, integration_id: PathId) -> Response:
    """With an item that is there, by its id or address, or with a sample."""
    found: list[Any] = []
    item_id = visit.form.get("item", "").strip().rstrip("/").rsplit("/", 1)[-1]

    async def work() -> None:
        context, parts = visit.context, visit.context.parts
        given = read_form(DryRunIn, {"actionItemId": item_id} if item_id else {})
        context.require_admin("run a dry run")
        base_url = parts.settings.base_url
        result = await run_dry(
            context.session, context.outside, context.viewer, parts.keyring, integration_id, given.subject(), base_url
        )
        found.append(dry_run_out(result))

    refusal = await attempted(visit, work())
    return await _shown(visit, integration_id, refusal, tried=found[0] if found else None)

"""Liveness, readiness and metrics. They need no sign-in, because they reveal nothing but the state of the system."""

import asyncio
import os
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from pydantic import BaseModel
from temporalio.client import Client

from api.connection_metrics import connection_metrics
from api.server import draining
from models.queries import workers
from models.session import Sessions, StoreError
from runtime.database_checks import SchemaBehind, require_migrated

log = structlog.get_logger()

router = APIRouter(tags=["health"])

TIME_LIMIT = 2.0
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's own variable; ``afterword api`` sets it if it runs several processes."""


class Check(BaseModel):
    status: str
    detail: str | None = None
    address: str | None = None
    namespace: str | None = None


class Readiness(BaseModel):
    status: str
    checks: dict[str, Check]


@router.get("/healthz")
async def get_liveness() -> dict[str, str]:
    """Returns 200 while the process is running."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "A part of Afterword isn't available"}},
)
async def get_readiness(request: Request) -> Response:
    """Checks the database, Temporal, and the worker. Returns 503 if one of them isn't available."""
    sessions: Sessions = request.app.state.parts.sessions
    client: Client = request.app.state.temporal
    database, temporal, worker = await asyncio.gather(
        _checked(_database(sessions)), _checked(_temporal(client)), _checked(_worker(sessions))
    )
    temporal |= {"address": client.service_client.config.target_host, "namespace": client.namespace}
    checks = {"database": database, "temporal": temporal, "worker": worker}
    if draining.is_set():
        checks["api"] = {"status": "unavailable", "detail": "this process is stopping"}
    healthy = all(one["status"] == "ok" for one in checks.values())
    status = "ok" if healthy else "unavailable"
    return JSONResponse(
        {"status": status, "checks": checks}, 200 if healthy else 503, {} if healthy else {"Retry-After": "2"}
    )


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Returns Prometheus metrics of the API and of the connections. Workers serve the Temporal SDK's metrics."""
    return Response(_of_processes() + await _of_connections(request), media_type=CONTENT_TYPE_LATEST)


def _of_processes() -> bytes:
    """Of this process, or of all that listen together."""
    if MULTIPROCESS_FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


async def _of_connections(request: Request) -> bytes:
    """Empty while the database is unreachable, so that a scrape still gets the metrics of this process."""
    try:
        async with asyncio.timeout(TIME_LIMIT):
            return await connection_metrics(request.app.state.parts.sessions, datetime.now(UTC))
    except (TimeoutError, OSError, StoreError) as error:
        log.warning("metrics without connections", reason=type(error).__name__)
        return b""


async def _checked(check: Awaitable[str | None]) -> dict[str, Any]:
    """``ok``, or ``unavailable`` with a reason that contains no address and no credential."""
    try:
        async with asyncio.timeout(TIME_LIMIT):
            problem = await check
    except Exception as error:  # noqa: BLE001 - whatever the reason, it is unavailable
        problem = type(error).__name__
    return {"status": "unavailable", "detail": problem} if problem else {"status": "ok"}


async def _database(sessions: Sessions) -> str | None:
    try:
        async with sessions.begin() as session:
            await require_migrated(session)
    except SchemaBehind as behind:
        return str(behind)
    return None


async def _temporal(client: Client) -> str | None:
    return None if await client.service_client.check_health() else "not serving"


async def _worker(sessions: Sessions) -> str | None:
    async with sessions.begin() as session:
        alive = await workers.is_any_alive(session)
    return None if alive else "no worker has reported in the last 10 seconds"

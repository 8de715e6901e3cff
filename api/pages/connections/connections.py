"""Connections to other systems, for administrators: how each stands, and making another one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import groupby
from typing import Annotated, Any, TypeVar

from fastapi import Query, Response

from api.pages.connections.forms import is_complete, sent_secrets, sent_settings, settings_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.connections.connections import IntegrationNew, integration_out
from api.shapes.connections.health import health_out
from application.connections.checks import check_connection
from application.connections.connections import add_connection
from application.notifications.connection_trouble import record_recovery, record_trouble
from domain.errors import DomainError
from integrations import registry
from models.queries.connections import connections, health
from models.queries.pagination import Ask

T = TypeVar("T")
TEST_TIMEOUT = 15.0
"""Seconds that a vendor has to answer when a connection was made."""

routes = router()


@routes.get("/settings/integrations")
async def list_integrations(visit: Visiting, cursor: str | None = None, disconnected: bool = False) -> Response:
    context = visit.context
    context.require_admin("see integrations")
    found = await connections.list_integrations(context.session, Ask(50, cursor), disconnected=disconnected)
    figures = await health.figures_of(context.session, [one.id for one in found.items], context.now)
    shown = [(integration_out(context, one), health_out(one, figures[one.id], [], context.now)) for one in found.items]
    return await show(
        visit,
        "connections/connections.html",
        integrations=shown,
        next_cursor=found.next_cursor,
        disconnected=disconnected,
        labels={one.kind: one.label for one in registry.all_kinds()},
        shelves=[(shelf.value, list(kinds)) for shelf, kinds in groupby(registry.all_kinds(), lambda one: one.shelf)],
        hooked={one.kind for one in registry.all_kinds() if one.takes_webhooks},
    )


@routes.get("/settings/integrations/new")
async def new(visit: Visiting, kind: Annotated[str, Query(max_length=40)]) -> Response:
    visit.context.require_admin("add a connection")
    return await _form(visit, kind)


async def _form(visit: Visit, kind: str, refusal: DomainError | None = None) -> Response:
    found = registry.kind_of(kind)
    typed: dict[str, Any] = {name[2:]: value for name, value in visit.form.items() if name.startswith("c.")}
    settings = settings_of(found.config, {})
    return await show(
        visit,
        "connections/new.html",
        refusal,
        kind=found,
        settings=settings,
        typed=typed if visit.form else None,
        secrets=settings_of(found.secrets, {}),
    )


@routes.post("/settings/integrations/new")
async def create(visit: Visiting) -> Response:
    visit.context.require_admin("add a connection")
    kind = registry.kind_of(visit.form.get("kind", "")[:40])
    made: list[str] = []

    async def work() -> None:
        given = {
            "kind": kind.kind,
            "name": visit.form.get("name", ""),
            "config": sent_settings(kind.config, visit.form),
            "secrets": sent_secrets(kind.secrets, visit.form),
        }
        context, new = visit.context, read_form(IntegrationNew, given).new_connection()
        row = await add_connection(context.session, context.viewer, context.parts.keyring, new, context.now)
        made.append(row.id)

    if refusal := await attempted(visit, work()):
        return await _form(visit, kind.kind, refusal)
    if is_complete(kind.secrets, visit.form):
        visit.context.after_commit.append(lambda: _test(visit, made[0]))
    return to(f"/settings/integrations/{made[0]}")


async def _test(visit: Visit, integration_id: str) -> None:
    """At once, so that credentials that don't work are seen by who entered them; the connection is there anyway."""
    parts = visit.context.parts
    with suppress(DomainError, TimeoutError):
        async with asyncio.timeout(TEST_TIMEOUT), parts.sessions() as session:

            async def outside(work: Callable[[], Awaitable[T]]) -> T:
                await session.commit()
                session.expunge_all()
                return await work()

            now = visit.context.now
            await check_connection(
                session, outside, parts.keyring, integration_id, now, record_recovery, record_trouble
            )
            await session.commit()

"""Connections to other systems, for administrators: where each vendor reports to, and how each stands."""

from fastapi import Response

from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.v1.integrations import integration_out
from models.queries import integrations
from models.queries.pages import Ask

routes = router()


@routes.get("/settings/integrations")
async def list_integrations(visit: Visiting, cursor: str | None = None) -> Response:
    unit = visit.unit
    unit.require_admin("see the connections of")
    found = await integrations.list_integrations(unit.session, Ask(50, cursor))
    shown = [integration_out(unit, one) for one in found.items]
    return await show(visit, "integrations.html", integrations=shown, next_cursor=found.next_cursor)

"""The health of a connection."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import PathId
from api.shapes.connections.health import HealthOut, health_out
from api.v1.routing import router
from models.queries.connections import connections, health

routes: APIRouter = router("integrations", prefix="/integrations")


@routes.get("/{integration_id}/health")
async def get_integration_health(context: Context, integration_id: PathId) -> HealthOut:
    """Returns how well the connection works: its error budget, and what waits."""
    context.require_admin("see the health of connections")
    row = await connections.get_integration(context.session, integration_id)
    figures = (await health.figures_of(context.session, [row.id], context.now))[row.id]
    hours = await health.hours_of(context.session, row.id, context.now)
    return health_out(row, figures, hours, context.now)

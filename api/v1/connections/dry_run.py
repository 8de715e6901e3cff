"""Dry runs of a connection."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import PathId
from api.shapes.connections.dry_run import DryRunIn, DryRunOut, dry_run_out
from api.v1.routing import router
from application.connections.dry_run import run_dry

routes: APIRouter = router("integrations", prefix="/integrations")


@routes.post("/{integration_id}/dry-run")
async def dry_run_integration(context: Context, integration_id: PathId, given: DryRunIn | None = None) -> DryRunOut:
    """Shows what would be sent for this action item: every field, required fields without a value, and an owner
    without a linked account. Nothing is sent."""
    context.require_admin("run a dry run")
    session, viewer, parts = context.session, context.viewer, context.parts
    chosen = (given or DryRunIn()).subject()
    base_url = parts.settings.base_url
    result = await run_dry(session, context.outside, viewer, parts.keyring, integration_id, chosen, base_url)
    return dry_run_out(result)

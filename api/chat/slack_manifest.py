"""The manifest of a Slack connection's app, to be pasted at https://api.slack.com/apps (see docs/slack.md)."""

from typing import Any

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import PathId
from api.v1.routing import router
from domain.errors import NotFound
from integrations.slack.manifest import manifest
from integrations.slack.settings import KIND
from models.queries.connections import connections

routes: APIRouter = router("integrations", prefix="/integrations")


@routes.get("/{integration_id}/manifest")
async def get_slack_manifest(context: Context, integration_id: PathId) -> dict[str, Any]:
    """Returns the app manifest of a Slack connection. Administrators only."""
    context.require_admin("see connections")
    row = await connections.get_integration(context.session, integration_id)
    if row.kind != KIND:
        raise NotFound(kind="manifest of connection", id=integration_id)
    base_url = context.parts.settings.base_url
    return manifest(f"{base_url}/api/webhooks/{KIND}/{row.id}", base_url)

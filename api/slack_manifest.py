"""The manifest of a Slack connection's app, to be pasted at https://api.slack.com/apps (see docs/slack.md)."""

from typing import Any

from fastapi import APIRouter

from api.unit import Asking
from api.v1.routing import router
from api.v1.shapes import PathId
from domain.errors import NotFound
from integrations.slack.manifest import manifest
from integrations.slack.settings import KIND
from models.queries import integrations

routes: APIRouter = router("integrations", prefix="/integrations")


@routes.get("/{integration_id}/manifest")
async def get_manifest(unit: Asking, integration_id: PathId) -> dict[str, Any]:
    """Of a Slack connection; administrators."""
    unit.require_admin("see the connections of")
    row = await integrations.get_integration(unit.session, integration_id)
    if row.kind != KIND:
        raise NotFound(kind="manifest of connection", id=integration_id)
    base_url = unit.parts.settings.base_url
    return manifest(f"{base_url}/api/webhooks/{KIND}/{row.id}", base_url)

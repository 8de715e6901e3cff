"""Checking a connection."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import PathId
from api.shapes.connections.checks import TestOut, checks_out
from api.v1.routing import router
from application.connections.checks import check_connection
from application.notifications.connection_trouble import record_recovery, record_trouble

routes: APIRouter = router("integrations", prefix="/integrations")


@routes.post("/{integration_id}/test")
async def test_integration(context: Context, integration_id: PathId) -> TestOut:
    """Tests the connection, and lists each missing permission and each required field without a value."""
    context.require_admin("test a connection")
    session, outside, keyring = context.session, context.outside, context.parts.keyring
    return checks_out(
        await check_connection(session, outside, keyring, integration_id, context.now, record_recovery, record_trouble)
    )

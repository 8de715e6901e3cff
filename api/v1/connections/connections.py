"""Connections to other systems, for administrators. Credentials can be entered, but are never returned."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.request_context import Context
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.connections.connections import (
    Goodbye,
    IntegrationNew,
    IntegrationOut,
    IntegrationPatch,
    KindOut,
    integration_out,
    kind_out,
)
from api.v1.routing import router
from application.connections.connections import (
    add_connection,
    change_connection,
    confirm_kept_host,
    disconnect_connection,
)
from integrations import registry
from models.queries.connections import connections
from models.queries.pagination import Ask

routes: APIRouter = router("integrations", prefix="/integrations")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("")
async def list_integrations(context: Context, page: Paging, disconnected: bool = False) -> Listing[IntegrationOut]:
    """Lists active connections, oldest first, or disconnected ones with ``disconnected``."""
    context.require_admin("see connections")
    found = await connections.list_integrations(context.session, page, disconnected=disconnected)
    return Listing(items=[integration_out(context, one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/kinds")
async def list_integration_kinds(context: Context) -> Listing[KindOut]:
    """Lists the kinds of integrations, each with the JSON schema of its form."""
    context.require_admin("see connections")
    return Listing(items=[kind_out(one) for one in registry.all_kinds()])


@routes.post("", status_code=201)
async def create_integration(context: Context, given: IntegrationNew, response: Response) -> IntegrationOut:
    """Creates a connection. Enter its ``webhookUrl`` in the vendor's settings."""
    context.require_admin("add a connection")
    row = await add_connection(
        context.session,
        context.viewer,
        context.parts.keyring,
        given.new_connection(),
        context.now,
    )
    response.headers["Location"] = f"/api/integrations/{row.id}"
    tag(response, row.version)
    return integration_out(context, row)


@routes.get("/{integration_id}")
async def get_integration(context: Context, integration_id: PathId, response: Response) -> IntegrationOut:
    """Returns a connection, without its secrets."""
    context.require_admin("see connections")
    row = await connections.get_integration(context.session, integration_id)
    tag(response, row.version)
    return integration_out(context, row)


@routes.patch("/{integration_id}")
async def update_integration(
    context: Context, integration_id: PathId, given: IntegrationPatch, response: Response, if_match: IfMatch = None
) -> IntegrationOut:
    """Changes a connection. Sending new credentials clears ``needsAttention``; ``enabled`` pauses and resumes it."""
    context.require_admin("change a connection")
    await given.check_unchanged(lambda: get_integration(context, integration_id, response))
    row = await change_connection(
        context.session,
        context.viewer,
        context.parts.keyring,
        integration_id,
        given.columns(),
        given.secrets,
        expected_version(if_match),
        context.now,
    )
    tag(response, row.version)
    return integration_out(context, row)


@routes.post("/{integration_id}/confirm-host")
async def confirm_integration_host(
    context: Context, integration_id: PathId, response: Response, if_match: IfMatch = None
) -> IntegrationOut:
    """Confirms that the connection may go on reaching its ``keptHost``, even at a private address."""
    context.require_admin("change a connection")
    row = await confirm_kept_host(
        context.session, context.viewer, integration_id, expected_version(if_match), context.now
    )
    tag(response, row.version)
    return integration_out(context, row)


@routes.delete("/{integration_id}")
async def disconnect_integration(context: Context, integration_id: PathId, if_match: IfMatch = None) -> Goodbye:
    """Disconnects: deletes the credentials and, if possible, the webhook at the vendor. Links to tickets stay
    readable; later webhooks get 410."""
    context.require_admin("disconnect a connection")
    row, left = await disconnect_connection(
        context.session,
        context.outside,
        context.viewer,
        context.parts.keyring,
        integration_id,
        expected_version(if_match),
        context.now,
    )
    return Goodbye(**integration_out(context, row).model_dump(), webhook_left=left)

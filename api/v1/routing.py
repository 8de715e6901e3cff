"""Routers of the JSON API: a context for each request, and a bearer token."""

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

from api.document.names import operation_id
from api.request_context import ContextRoute

BEARER = HTTPBearer(auto_error=False, description="An API token: Authorization: Bearer <token>")


def router(tag: str, prefix: str) -> APIRouter:
    return APIRouter(
        prefix=f"/api{prefix}",
        tags=[tag],
        route_class=ContextRoute,
        dependencies=[Security(BEARER)],
        generate_unique_id_function=operation_id,
    )

"""Routers of the JSON API: a unit for each request, a bearer token, and every error documented."""

from collections.abc import Sequence

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

from api.errors import documented
from api.request_context import ContextRoute

BEARER = HTTPBearer(auto_error=False, description="An API token: Authorization: Bearer <token>")


def router(tag: str, prefix: str) -> APIRouter:
    errors: Sequence[int] = (400, 401, 403, 404, 405, 409, 412, 413, 422, 429, 503, 504)
    return APIRouter(
        prefix=f"/api{prefix}",
        tags=[tag],
        route_class=ContextRoute,
        responses=documented(*errors),
        dependencies=[Security(BEARER)],
    )

"""The API reference: Swagger UI over our own ``/openapi.json``, from files that the installation holds.

The package ``fastapi-offline`` ships those files. Nothing is loaded from another host, and the page has the same rules
as every other one, except that it may show pictures that are in the style sheet itself.
"""

import importlib.resources
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles

from api.middleware import policy
from api.rendering import render

routes = APIRouter(include_in_schema=False)
viewer = StaticFiles(directory=Path(str(importlib.resources.files("fastapi_offline") / "static")))
"""Mounted at ``/docs/viewer``."""


@routes.get("/docs")
async def show() -> Response:
    response = render("reference.html", {}, 200)
    response.headers["Content-Security-Policy"] = policy(images="'self' data:")
    return response

"""The start page of the settings."""

from fastapi import Response

from api.pages.routing import Visiting, router
from api.pages.showing import show

routes = router()


@routes.get("/settings")
async def show_settings(visit: Visiting) -> Response:
    return await show(visit, "settings/settings.html")

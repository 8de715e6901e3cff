"""Settings of sharing: names of internal tools, and the public feed. Administrators only."""

from fastapi import APIRouter, Response

from api.request_context import Context
from api.shapes.base import IfMatch, expected_version, tag
from api.shapes.sharing.sharing import SharingSettingsOut, SharingSettingsPut, settings_out
from api.v1.routing import router
from application.sharing import settings
from models.queries.sharing.summaries import get_settings

routes: APIRouter = router("sharing", prefix="/sharing-settings")


@routes.get("")
async def get_sharing_settings(context: Context, response: Response) -> SharingSettingsOut:
    """Returns what public summaries should not mention, and whether the public feed is on."""
    context.require_admin("see the settings of sharing")
    row = await get_settings(context.session)
    tag(response, row.version)
    return settings_out(row, context.parts.settings.base_url)


@routes.put("")
async def update_sharing_settings(
    context: Context, given: SharingSettingsPut, response: Response, if_match: IfMatch = None
) -> SharingSettingsOut:
    """Replaces the list of internal tools, and turns the feed on or off."""
    context.require_admin("change the settings of sharing")
    row = await settings.change_settings(
        context.session,
        context.viewer,
        internal_tools=given.internal_tools,
        feed_enabled=given.feed_enabled,
        expected_version=expected_version(if_match),
        now=context.now,
    )
    tag(response, row.version)
    return settings_out(row, context.parts.settings.base_url)

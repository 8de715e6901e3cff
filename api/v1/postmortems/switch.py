"""Whether the organization uses postmortems."""

from fastapi import APIRouter, Response

from api.request_context import Context
from api.shapes.base import IfMatch, expected_version, tag
from api.shapes.people import PostmortemSettingsOut, PostmortemSettingsPut
from api.v1.routing import router
from application.postmortems.switch import switch_postmortems
from models.queries.people.organization import get_organization

routes: APIRouter = router("postmortems", prefix="/postmortem-settings")


@routes.get("")
async def get_postmortem_settings(context: Context, response: Response) -> PostmortemSettingsOut:
    """Returns whether postmortems are switched on for the organization."""
    row = await get_organization(context.session)
    tag(response, row.version)
    return PostmortemSettingsOut.made_of(row)


@routes.put("")
async def update_postmortem_settings(
    context: Context, given: PostmortemSettingsPut, response: Response, if_match: IfMatch = None
) -> PostmortemSettingsOut:
    """Switches postmortems on or off for the organization. While they are off, no postmortem can be started; existing
    ones stay as they are. ``PATCH /api/teams/{id}`` does it for a team. Administrators only."""
    context.require_admin("change the settings of postmortems")
    row = await switch_postmortems(
        context.session,
        context.viewer,
        enabled=given.enabled,
        expected_version=expected_version(if_match),
        now=context.now,
    )
    tag(response, row.version)
    return PostmortemSettingsOut.made_of(row)

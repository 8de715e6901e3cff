"""Who people are at identity providers, for administrators."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.access import IdentityOut, identity_out
from api.shapes.base import IfMatch, Listing, PathId, expected_version
from api.v1.routing import router
from application.people import identities

routes: APIRouter = router("people", prefix="/identities")


@routes.get("")
async def list_identities(context: Context) -> Listing[IdentityOut]:
    """Lists the accounts at identity providers, those that wait for a decision first. Administrators only."""
    found = await identities.list_identities(context.session, context.viewer)
    return Listing(items=[identity_out(one) for one in found])


@routes.post("/{identity_id}/confirm", status_code=204)
async def confirm_identity(context: Context, identity_id: PathId, if_match: IfMatch = None) -> None:
    """Says that an account is this person's: from now on it signs them in. Administrators only."""
    await identities.confirm_identity(
        context.session, context.viewer, identity_id, expected_version(if_match), context.now
    )


@routes.delete("/{identity_id}", status_code=204)
async def remove_identity(context: Context, identity_id: PathId, if_match: IfMatch = None) -> None:
    """Rejects an account, or unlinks one: it no longer signs anyone in. Administrators only."""
    await identities.remove_identity(context.session, context.viewer, identity_id, expected_version(if_match))

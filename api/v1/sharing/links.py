"""Links that show outsiders a postmortem, or its public summary."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.request_context import Context
from api.shapes.base import Listing, PathId, ask
from api.shapes.sharing.sharing import ShareLinkIn, ShareLinkOut, link_out
from api.v1.routing import router
from application.sharing import links
from models.base import derived_id, new_id
from models.queries.pagination import Ask

routes: APIRouter = router("sharing", prefix="/postmortems/{postmortem_id}/share-links")


@routes.get("")
async def list_share_links(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[ShareLinkOut]:
    """Lists all links, newest first, also those that no longer work."""
    parts = context.parts
    found = await links.list_links(context.session, context.viewer, parts.keyring, postmortem_id, page, context.now)
    return Listing(items=[link_out(one, parts.settings.base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_share_link(context: Context, postmortem_id: PathId, given: ShareLinkIn) -> ShareLinkOut:
    """Creates a link. 409 ``NotShareable`` unless the summary is approved, or for ``POSTMORTEM`` the postmortem is
    published, or if it is private."""
    await links.check_may_create(context.session, context.viewer, postmortem_id, given.scope)
    password = given.password
    hashed = await context.outside(lambda: links.hash_password(password)) if password is not None else None
    context.answer_is_secret = True
    made = await links.create_link(
        context.session,
        context.viewer,
        context.parts.keyring,
        postmortem_id,
        derived_id("shr", context.viewer.person_id, context.key) if context.key else new_id("shr"),
        scope=given.scope,
        expires_at=given.expires_at,
        password_hash=hashed,
        now=context.now,
    )
    return link_out(made, context.parts.settings.base_url)


@routes.delete("/{link_id}", status_code=204)
async def revoke_share_link(context: Context, postmortem_id: PathId, link_id: PathId) -> None:
    """Revokes a link, at once and for good."""
    await links.revoke_link(context.session, context.viewer, postmortem_id, link_id, context.now)

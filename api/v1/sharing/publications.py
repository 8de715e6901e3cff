"""Copies of a postmortem in other systems: a wiki, a repository, a status page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.request_context import Context
from api.shapes.base import Listing, PathId, ask
from api.shapes.sharing.sharing import PublicationNew, PublicationOut
from api.v1.routing import router
from application.sharing import publications
from models.queries.pagination import Ask

routes: APIRouter = router("sharing", prefix="/postmortems/{postmortem_id}/publications")

Overwrite = Annotated[bool, Query(description="Also if someone changed the copy there.")]


@routes.get("")
async def list_publications(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[PublicationOut]:
    """Lists the copies, oldest first, also those that were taken back."""
    found = await publications.list_publications(context.session, context.viewer, postmortem_id, page)
    items = [PublicationOut.model_validate(one) for one in found.items]
    return Listing(items=items, next_cursor=found.next_cursor)


@routes.post("", status_code=202)
async def create_publication(context: Context, postmortem_id: PathId, given: PublicationNew) -> PublicationOut:
    """Publishes the postmortem through a connection, in the background. There is one copy for each connection:
    publishing again updates it.

    409 ``NotPublishable`` unless the postmortem is published and visible to the organization; 409 ``NotShareable`` for
    a status page unless its public summary is approved. A copy that someone changed there stays as it is
    (``CHANGED_THERE``) unless you send ``overwrite``.
    """
    row = await publications.request_publication(
        context.session,
        context.viewer,
        postmortem_id,
        given.integration_id,
        pointer=given.pointer,
        overwrite=given.overwrite,
        now=context.now,
    )
    return PublicationOut.model_validate(row)


@routes.get("/{publication_id}")
async def get_publication(context: Context, postmortem_id: PathId, publication_id: PathId) -> PublicationOut:
    """Returns a copy and what became of it."""
    row = await publications.get_publication(context.session, context.viewer, postmortem_id, publication_id)
    return PublicationOut.model_validate(row)


@routes.delete("/{publication_id}", status_code=204)
async def withdraw_publication(
    context: Context, postmortem_id: PathId, publication_id: PathId, overwrite: Overwrite = False
) -> None:
    """Takes the copy back, in the background; its state becomes ``WITHDRAWN``. A page is moved to the trash there, and
    a file is removed by a pull request."""
    await publications.request_withdrawal(
        context.session, context.viewer, postmortem_id, publication_id, overwrite=overwrite, now=context.now
    )

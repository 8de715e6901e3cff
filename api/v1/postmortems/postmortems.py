"""Postmortems: list, open, read, edit, delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from api import commands
from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, RefQuery, SearchQuery, ask, expected_version, tag
from api.shapes.postmortems import PostmortemNew, PostmortemOut, PostmortemPatch, postmortem_out
from api.v1.routing import router
from application.commands import check as check_command
from application.incidents.opening import create_postmortem as create
from application.postmortems.editing import edit_postmortem
from domain.access import Visibility
from domain.errors import IllegalTransition
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.lifecycle import TRANSITION_TO, Status
from integrations.fields import Instant
from models.queries.pagination import Ask
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import PostmortemFilters
from models.session import Session

routes: APIRouter = router("postmortems", prefix="/postmortems")

Sort = Literal["-createdAt", "createdAt", "-updatedAt", "updatedAt", "-number", "number"]


def filters(
    status: Annotated[list[Status], Query()] = [],  # noqa: B006 - FastAPI copies it
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    service_id: Annotated[RefQuery, Query(alias="serviceId")] = None,
    author_id: Annotated[RefQuery, Query(alias="authorId")] = None,
    visibility: Visibility | None = None,
    overdue: bool | None = None,
    q: SearchQuery = None,
    created_from: Annotated[Instant | None, Query(alias="createdFrom")] = None,
    created_to: Annotated[Instant | None, Query(alias="createdTo")] = None,
    sort: Sort = "-createdAt",
) -> PostmortemFilters:
    return PostmortemFilters(
        status=[one.value for one in status],
        team_id=team_id,
        service_id=service_id,
        author_id=author_id,
        visibility=visibility,
        overdue=overdue,
        q=q,
        created_from=created_from,
        created_to=created_to,
        sort=sort,
    )


@routes.get("")
async def list_postmortems(
    context: Context, wanted: Annotated[PostmortemFilters, Depends(filters)], page: Annotated[Ask, Depends(ask)]
) -> Listing[PostmortemOut]:
    """Lists the postmortems that you can see. ``q`` searches like ``/api/search``; ``overdue`` keeps those with a
    missed target."""
    found = await postmortems.list_postmortems(context.session, context.viewer, wanted, page, context.now)
    base_url = context.parts.settings.base_url
    return Listing(items=[postmortem_out(one, base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_postmortem(context: Context, given: PostmortemNew, response: Response) -> PostmortemOut:
    """Starts a draft. Values that you leave out come from the linked incidents, which must be resolved."""
    postmortem_id = await create(context.session, context.viewer, given.request(), context.now)
    context.start_workflow_after_commit(postmortem_id)
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}"
    return await read(context, postmortem_id, response)


@routes.get("/{postmortem_id}")
async def get_postmortem(context: Context, postmortem_id: PathId, response: Response) -> PostmortemOut:
    return await read(context, postmortem_id, response)


@routes.patch("/{postmortem_id}")
async def update_postmortem(
    context: Context, postmortem_id: PathId, given: PostmortemPatch, response: Response, if_match: IfMatch = None
) -> PostmortemOut:
    """Changes the postmortem's content. Setting ``status`` is a transition: if it is refused, nothing is saved."""
    await given.check_unchanged(lambda: read(context, postmortem_id, response))
    changes = given.columns()
    status, arguments = changes.pop("status", None), commands.without_none({"comment": changes.pop("comment", None)})
    expected = expected_version(if_match)
    if status is None:
        await _edit(context, context.session, postmortem_id, changes, expected)
    else:
        await _edit_and_move(context, postmortem_id, changes, expected, Status(str(status)), arguments)
    return await read(context, postmortem_id, response)


async def _edit(
    context: RequestContext, session: Session, postmortem_id: str, changes: dict[str, Any], expected: int | None
) -> None:
    affects_workflow = await edit_postmortem(
        session, context.viewer, postmortem_id, changes, expected_version=expected, now=context.now
    )
    context.start_workflow_if(affects_workflow, postmortem_id)


async def _edit_and_move(
    context: RequestContext,
    postmortem_id: str,
    changes: dict[str, Any],
    expected: int | None,
    wanted: Status,
    arguments: dict[str, Any],
) -> None:
    """The edit has a transaction of its own, since the command must see it; the move is checked inside of it."""
    command = None
    async with context.parts.sessions.begin() as session:
        await _edit(context, session, postmortem_id, changes, expected)
        visible = await postmortems.get_visible(session, context.viewer, postmortem_id)
        current = Status(visible.postmortem.status)
        if current is not wanted:
            command = commands.postmortem_command(context, postmortem_id, _action(current, wanted), arguments)
            await check_command(session, context.viewer, command, arguments, context.now)
    if command is not None:
        await context.parts.commands.send(command, arguments)


def _action(current: Status, wanted: Status) -> PostmortemAction:
    move = TRANSITION_TO.get((current, wanted))
    if move is None:
        possible = [after.value for before, after in TRANSITION_TO if before is current]
        hint = f"Set its status to {' or '.join(possible)}." if possible else "Its status can't change anymore."
        raise IllegalTransition(
            move=f"set a postmortem's status to {wanted}", entity="postmortem", status=current, hint=hint
        )
    return PostmortemAction(move.value)


@routes.delete("/{postmortem_id}", status_code=204)
async def delete_postmortem(context: Context, postmortem_id: PathId) -> None:
    """Deletes a draft and its action items; their tickets stay in the tracker. Administrators only, and with a token
    that has the scope ``admin``."""
    context.require_admin_scope()
    await commands.run_postmortem_command(context, postmortem_id, PostmortemAction.DELETE)


async def read(context: RequestContext, postmortem_id: str, response: Response) -> PostmortemOut:
    """The postmortem as the viewer may see it, with its ETag."""
    full = await postmortems.get_full(context.session, context.viewer, postmortem_id, context.now)
    tag(response, full.postmortem.version)
    return postmortem_out(full, context.parts.settings.base_url)

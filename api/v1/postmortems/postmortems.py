"""Postmortems: list, open, read, edit, delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response

from api import commands
from api.answers import NOT_MODIFIED, json_answer, matches, not_modified, state_tag
from api.files.csv_export import csv_answer
from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, IfNoneMatch, Listing, PathId, ask, expected_version
from api.shapes.filters.postmortems import postmortem_filters
from api.shapes.postmortem_answers import CSV_COLUMNS, csv_row, postmortem_json
from api.shapes.postmortems import PostmortemNew, PostmortemOut, PostmortemPatch
from api.v1.routing import router
from application.audit.command_log import was_carried_out
from application.commands import check as check_command
from application.documents.exports import export_postmortems
from application.incidents.opening import create_postmortem as create
from application.postmortems.editing import edit_postmortem
from domain.errors import IllegalTransition
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.lifecycle import TRANSITION_TO, Status
from models.queries.content import templates
from models.queries.pagination import Ask, Page
from models.queries.postmortems import postmortems, shown, shown_list
from models.queries.postmortems.shown import ShownPostmortem
from models.queries.postmortems.shown_list import PostmortemFilters, ShownState

routes: APIRouter = router("postmortems", prefix="/postmortems")


@routes.get(
    "",
    response_model=Listing[PostmortemOut],
    responses={
        200: {"content": {"text/csv": {}}, "description": "A page of postmortems, or the facts of all as CSV"},
        **NOT_MODIFIED,
    },
)
async def list_postmortems(
    context: Context,
    wanted: Annotated[PostmortemFilters, Depends(postmortem_filters)],
    page: Annotated[Ask, Depends(ask)],
    format: Literal["json", "csv"] = "json",  # noqa: A002 - the contract's name
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Lists the postmortems that you can see. ``q`` searches like ``/api/search``; ``overdue`` keeps those with a
    missed target.

    ``format=csv`` exports the facts of every postmortem that the filters match, without texts.
    """
    session, base_url = context.session, context.parts.settings.base_url
    if format == "csv":
        exported = export_postmortems(context.parts.sessions, context.viewer, wanted, context.now)
        return csv_answer("postmortems", CSV_COLUMNS, (csv_row(one, base_url) async for one in exported))
    if if_none_match is not None:
        states = await shown_list.list_states(session, context.viewer, wanted, page, context.now)
        if matches(if_none_match, tag := _list_tag(states, base_url)):
            return not_modified(tag)
    found = await shown_list.list_shown(session, context.viewer, wanted, page, context.now)
    items = [
        postmortem_json(one, await templates.get_content(session, one.template_id, one.template_version), base_url)
        for one in found.items
    ]
    return json_answer({"items": items, "nextCursor": found.next_cursor}, _list_tag(found, base_url))


def _list_tag(page: Page[ShownPostmortem] | Page[ShownState], base_url: str) -> str:
    return state_tag(None, base_url, page.next_cursor, [(one.id, one.state) for one in page.items])


@routes.post("", status_code=201, response_model=PostmortemOut)
async def create_postmortem(context: Context, given: PostmortemNew) -> Response:
    """Starts a draft. Values that you leave out come from the linked incidents, which must be resolved."""
    postmortem_id = await create(context.session, context.viewer, given.request(), context.now)
    context.start_workflow_after_commit(postmortem_id)
    return await read(context, postmortem_id, status=201, location=f"/api/postmortems/{postmortem_id}")


@routes.get("/{postmortem_id}", response_model=PostmortemOut, responses=NOT_MODIFIED)
async def get_postmortem(context: Context, postmortem_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """Returns a postmortem that you can see, with its texts."""
    if if_none_match is not None:
        version, state = await shown.get_state(context.session, context.viewer, postmortem_id, context.now)
        tag = state_tag(version, state, context.parts.settings.base_url)
        if matches(if_none_match, tag):
            return not_modified(tag)
    return await read(context, postmortem_id)


@routes.patch("/{postmortem_id}", response_model=PostmortemOut)
async def update_postmortem(
    context: Context, postmortem_id: PathId, given: PostmortemPatch, if_match: IfMatch = None
) -> Response:
    """Changes the postmortem's content. Setting ``status`` is a transition: if it is refused, nothing is saved."""
    await given.check_unchanged(lambda: read(context, postmortem_id))
    changes = given.columns()
    status, arguments = changes.pop("status", None), commands.without_none({"comment": changes.pop("comment", None)})
    expected = expected_version(if_match)
    if status is None:
        await _edit(context, postmortem_id, changes, expected)
    else:
        await _edit_and_move(context, postmortem_id, changes, expected, Status(str(status)), arguments)
    return await read(context, postmortem_id)


async def _edit(context: RequestContext, postmortem_id: str, changes: dict[str, Any], expected: int | None) -> None:
    affects_workflow = await edit_postmortem(
        context.session, context.viewer, postmortem_id, changes, expected_version=expected, now=context.now
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
    """The edit is committed before the command is sent, which must see it; the move is checked before that."""
    session, viewer = context.session, context.viewer
    async with context.parts.command_queue.turn(viewer.person_id, context.between_transactions):
        if context.key is not None and await was_carried_out(session, postmortem_id, context.request_id):
            return
        await _edit(context, postmortem_id, changes, expected)
        current = Status((await postmortems.get_visible(session, viewer, postmortem_id)).postmortem.status)
        if current is not wanted:
            command = commands.postmortem_command(context, postmortem_id, _action(current, wanted), arguments)
            await check_command(session, viewer, command, arguments, context.now)
            await commands.send(context, command, arguments)


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


async def read(
    context: RequestContext, postmortem_id: str, *, status: int = 200, location: str | None = None
) -> Response:
    """The postmortem as the viewer may see it, with its ETag."""
    if (minimal := context.without_answer(f"/api/postmortems/{postmortem_id}")) is not None:
        return minimal
    row = await shown.get_shown(context.session, context.viewer, postmortem_id, context.now)
    template = await templates.get_content(context.session, row.template_id, row.template_version)
    base_url = context.parts.settings.base_url
    tag = state_tag(row.version, row.state, base_url)
    return json_answer(postmortem_json(row, template, base_url), tag, status=status, location=location)

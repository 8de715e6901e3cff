"""Postmortems: list, open, read, edit, delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.postmortems import PostmortemNew, PostmortemOut, PostmortemPatch, postmortem_out
from api.v1 import commands
from api.v1.routing import router
from domain.access import Visibility
from domain.errors import IllegalTransition
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.lifecycle import MOVE_TO, Status
from integrations.fields import Instant
from models.base import new_id
from models.queries.content.kept_templates import choose_template
from models.queries.incidents import incidents
from models.queries.pagination import Ask
from models.queries.people.teams import check_teams
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import Filters, NewPostmortem, NewTimelineEvent
from models.session import Session

routes: APIRouter = router("postmortems", prefix="/postmortems")

Search = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]
RefQuery = Annotated[str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
Sort = Literal["-createdAt", "createdAt", "-updatedAt", "updatedAt", "-number", "number"]


def filters(
    status: Annotated[list[Status], Query()] = [],  # noqa: B006 - FastAPI copies it
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    service_id: Annotated[RefQuery, Query(alias="serviceId")] = None,
    author_id: Annotated[RefQuery, Query(alias="authorId")] = None,
    visibility: Visibility | None = None,
    overdue: bool | None = None,
    q: Search = None,
    created_from: Annotated[Instant | None, Query(alias="createdFrom")] = None,
    created_to: Annotated[Instant | None, Query(alias="createdTo")] = None,
    sort: Sort = "-createdAt",
) -> Filters:
    return Filters(
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
    context: Context, wanted: Annotated[Filters, Depends(filters)], page: Annotated[Ask, Depends(ask)]
) -> Listing[PostmortemOut]:
    """Lists the postmortems that you can see. ``q`` searches like ``/api/search``; ``overdue`` keeps those with a
    missed target."""
    found = await postmortems.list_postmortems(context.session, context.viewer, wanted, page, context.now)
    base_url = context.parts.settings.base_url
    return Listing(items=[postmortem_out(one, base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_postmortem(context: Context, given: PostmortemNew, response: Response) -> PostmortemOut:
    """Starts a draft. Values that you leave out come from the linked incidents, which must be resolved."""
    postmortem_id = new_id("pm")
    new = await _new(context, postmortem_id, given)
    await postmortems.open_postmortem(context.session, context.viewer, new, context.now)
    start_after_commit(context, postmortem_id)
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}"
    return await read(context, postmortem_id, response)


async def _new(context: RequestContext, postmortem_id: str, given: PostmortemNew) -> NewPostmortem:
    columns = given.columns()
    for name in ("incident_id", "incident_ids", "status", "template_id", "timeline", "title"):
        columns.pop(name, None)
    template = given.template_id and await choose_template(
        context.session, context.viewer, "templateId", given.template_id
    )
    team_ids, service_ids = columns.pop("team_ids", None), columns.pop("service_ids", None)
    await check_teams(context.session, "teamIds", _texts(team_ids))
    await postmortems.check_services(context.session, "serviceIds", _texts(service_ids))
    linked = [await incidents.get_incident(context.session, one) for one in given.incidents()]
    await incidents.check_may_open(context.session, context.viewer, linked)
    author = context.viewer.person_id
    prefilled = (
        await incidents.prefilled(context.session, linked, postmortem_id, author)
        if linked
        else NewPostmortem(postmortem_id, given.title or "", author)
    )
    named = {*_texts(team_ids), *_texts(service_ids)}
    written = [
        NewTimelineEvent(one.at, one.event, one.type, one.actor, precision=one.precision)
        for one in given.timeline or []
    ]
    return NewPostmortem(
        id=postmortem_id,
        title=given.title or prefilled.title,
        author_id=author,
        columns={**prefilled.columns, **columns},
        incident_ids=prefilled.incident_ids,
        team_ids=prefilled.team_ids if team_ids is None else _texts(team_ids),
        service_ids=prefilled.service_ids if service_ids is None else _texts(service_ids),
        participant_ids=prefilled.participant_ids,
        brought_by={one: it for one, it in prefilled.brought_by.items() if one not in named},
        timeline=[*prefilled.timeline, *written],
        urgency=prefilled.urgency,
        resolved_at=prefilled.resolved_at,
        template=template or None,
    )


def _texts(values: Any) -> list[str]:
    return list(values or [])


@routes.get("/{postmortem_id}")
async def get_postmortem(context: Context, postmortem_id: PathId, response: Response) -> PostmortemOut:
    return await read(context, postmortem_id, response)


@routes.patch("/{postmortem_id}")
async def update_postmortem(
    context: Context, postmortem_id: PathId, given: PostmortemPatch, response: Response, if_match: IfMatch = None
) -> PostmortemOut:
    """Changes the postmortem's content. Setting ``status`` is a transition: if it is refused, nothing is saved."""
    changes = given.columns()
    status, told = changes.pop("status", None), commands.said({"comment": changes.pop("comment", None)})
    expected = expected_version(if_match)
    if status is None:
        await edit(context, context.session, postmortem_id, changes, expected)
    else:
        await _edit_and_move(context, postmortem_id, changes, expected, Status(str(status)), told)
    return await read(context, postmortem_id, response)


async def _edit_and_move(
    context: RequestContext,
    postmortem_id: str,
    changes: dict[str, Any],
    expected: int | None,
    wanted: Status,
    told: dict[str, Any],
) -> None:
    """The edit has a transaction of its own, since the command must see it; the move is checked inside of it."""
    command = None
    async with context.parts.sessions.begin() as session:
        await edit(context, session, postmortem_id, changes, expected)
        seen = await postmortems.get_visible(session, context.viewer, postmortem_id)
        current = Status(seen.postmortem.status)
        if current is not wanted:
            command = commands.postmortem_command(context, postmortem_id, _action(current, wanted), told)
            await commands.check(context, session, command, told)
    if command is not None:
        await context.parts.commands.run_postmortem(command, told)


def _action(current: Status, wanted: Status) -> PostmortemAction:
    move = MOVE_TO.get((current, wanted))
    if move is None:
        possible = [after.value for before, after in MOVE_TO if before is current]
        hint = f"Set its status to {' or '.join(possible)}." if possible else "Its status can't change anymore."
        raise IllegalTransition(
            move=f"set a postmortem's status to {wanted}", entity="postmortem", status=current, hint=hint
        )
    return PostmortemAction(move.value)


@routes.delete("/{postmortem_id}", status_code=204)
async def delete_postmortem(context: Context, postmortem_id: PathId) -> None:
    """Deletes a draft and its action items; their tickets stay in the tracker. Administrators only."""
    await commands.move(context, postmortem_id, PostmortemAction.DELETE)


async def edit(
    context: RequestContext, session: Session, postmortem_id: str, changes: dict[str, Any], expected: int | None
) -> None:
    """Changes content, in that session's transaction; the workflow is told where that moves its deadline or team."""
    if not changes and expected is None:
        return
    started = await postmortems.edit_content(
        session, context.viewer, postmortem_id, changes, expected_version=expected, now=context.now
    )
    await session.flush()
    if started or "team_ids" in changes:
        start_after_commit(context, postmortem_id)


def start_after_commit(context: RequestContext, postmortem_id: str) -> None:
    """Starts the workflow, or has a running one look at its row again; once the row is committed."""
    context.after_commit.append(lambda: context.parts.dispatch.start_postmortem(postmortem_id))


async def read(context: RequestContext, postmortem_id: str, response: Response) -> PostmortemOut:
    """The postmortem as the viewer may see it, with its ETag."""
    full = await postmortems.get_full(context.session, context.viewer, postmortem_id, context.now)
    tag(response, full.postmortem.version)
    return postmortem_out(full, context.parts.settings.base_url)

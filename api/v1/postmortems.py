"""Postmortems: list, open, read, edit, delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.unit import Asking, Unit
from api.v1 import commands
from api.v1.postmortem_shapes import PostmortemNew, PostmortemOut, PostmortemPatch, postmortem_out
from api.v1.routing import router
from api.v1.shapes import IfMatch, Listing, PathId, ask, expected_version, tag
from domain.access import Visibility
from domain.commands import PostmortemAction
from domain.errors import IllegalTransition
from domain.lifecycle import MOVE_TO, Status
from integrations.fields import Instant
from models.base import new_id
from models.queries import incidents, postmortems
from models.queries.kept_templates import choose_template
from models.queries.pages import Ask
from models.queries.postmortems import Filters, NewPostmortem, NewTimelineEvent
from models.queries.teams import check_teams
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
    unit: Asking, wanted: Annotated[Filters, Depends(filters)], page: Annotated[Ask, Depends(ask)]
) -> Listing[PostmortemOut]:
    """Lists the postmortems that you can see. ``q`` searches like ``/api/search``; ``overdue`` keeps those with a
    missed target."""
    found = await postmortems.list_postmortems(unit.session, unit.viewer, wanted, page, unit.now)
    base_url = unit.parts.settings.base_url
    return Listing(items=[postmortem_out(one, base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_postmortem(unit: Asking, given: PostmortemNew, response: Response) -> PostmortemOut:
    """Starts a draft. Values that you leave out come from the linked incidents, which must be resolved."""
    postmortem_id = new_id("pm")
    new = await _new(unit, postmortem_id, given)
    await postmortems.open_postmortem(unit.session, unit.viewer, new, unit.now)
    start_after_commit(unit, postmortem_id)
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}"
    return await read(unit, postmortem_id, response)


async def _new(unit: Unit, postmortem_id: str, given: PostmortemNew) -> NewPostmortem:
    columns = given.columns()
    for name in ("incident_id", "incident_ids", "status", "template_id", "timeline", "title"):
        columns.pop(name, None)
    template = given.template_id and await choose_template(unit.session, unit.viewer, "templateId", given.template_id)
    team_ids, service_ids = columns.pop("team_ids", None), columns.pop("service_ids", None)
    await check_teams(unit.session, "teamIds", _texts(team_ids))
    await postmortems.check_services(unit.session, "serviceIds", _texts(service_ids))
    linked = [await incidents.get_incident(unit.session, one) for one in given.incidents()]
    await incidents.check_may_open(unit.session, unit.viewer, linked)
    author = unit.viewer.person_id
    prefilled = (
        await incidents.prefilled(unit.session, linked, postmortem_id, author)
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
async def get_postmortem(unit: Asking, postmortem_id: PathId, response: Response) -> PostmortemOut:
    return await read(unit, postmortem_id, response)


@routes.patch("/{postmortem_id}")
async def update_postmortem(
    unit: Asking, postmortem_id: PathId, given: PostmortemPatch, response: Response, if_match: IfMatch = None
) -> PostmortemOut:
    """Changes the postmortem's content. Setting ``status`` is a transition: if it is refused, nothing is saved."""
    changes = given.columns()
    status, told = changes.pop("status", None), commands.said({"comment": changes.pop("comment", None)})
    expected = expected_version(if_match)
    if status is None:
        await edit(unit, unit.session, postmortem_id, changes, expected)
    else:
        await _edit_and_move(unit, postmortem_id, changes, expected, Status(str(status)), told)
    return await read(unit, postmortem_id, response)


async def _edit_and_move(
    unit: Unit, postmortem_id: str, changes: dict[str, Any], expected: int | None, wanted: Status, told: dict[str, Any]
) -> None:
    """The edit has a transaction of its own, since the command must see it; the move is checked inside of it."""
    command = None
    async with unit.parts.sessions.begin() as session:
        await edit(unit, session, postmortem_id, changes, expected)
        seen = await postmortems.get_seen(session, unit.viewer, postmortem_id)
        current = Status(seen.postmortem.status)
        if current is not wanted:
            command = commands.postmortem_command(unit, postmortem_id, _action(current, wanted), told)
            await commands.check(unit, session, command, told)
    if command is not None:
        await unit.parts.commands.run_postmortem(command, told)


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
async def delete_postmortem(unit: Asking, postmortem_id: PathId) -> None:
    """Deletes a draft and its action items; their tickets stay in the tracker. Administrators only."""
    await commands.move(unit, postmortem_id, PostmortemAction.DELETE)


async def edit(unit: Unit, session: Session, postmortem_id: str, changes: dict[str, Any], expected: int | None) -> None:
    """Changes content, in that session's transaction; the workflow is told where that moves its deadline or team."""
    if not changes and expected is None:
        return
    started = await postmortems.edit_content(
        session, unit.viewer, postmortem_id, changes, expected_version=expected, now=unit.now
    )
    await session.flush()
    if started or "team_ids" in changes:
        start_after_commit(unit, postmortem_id)


def start_after_commit(unit: Unit, postmortem_id: str) -> None:
    """Starts the workflow, or has a running one look at its row again; once the row is committed."""
    unit.after_commit.append(lambda: unit.parts.dispatch.start_postmortem(postmortem_id))


async def read(unit: Unit, postmortem_id: str, response: Response) -> PostmortemOut:
    """The postmortem as the viewer may see it, with its ETag."""
    full = await postmortems.get_full(unit.session, unit.viewer, postmortem_id, unit.now)
    tag(response, full.postmortem.version)
    return postmortem_out(full, unit.parts.settings.base_url)

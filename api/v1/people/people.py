"""People, for everyone to see and for administrators to change."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, SearchQuery, ask, expected_version, tag
from api.shapes.people import UserNew, UserOut, UserPatch, user_out
from api.v1.routing import router
from application.escalation import leads
from application.people import people
from models.queries.pagination import Ask
from models.queries.people import people as people_queries

routes: APIRouter = router("people", prefix="")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("/users")
async def list_users(
    context: Context, page: Paging, q: SearchQuery = None, active: bool | None = None
) -> Listing[UserOut]:
    """Lists people."""
    found = await people_queries.list_people(context.session, page, q=q, active=active)
    memberships = await people_queries.teams_of(context.session, [one.id for one in found.items])
    return Listing(
        items=[user_out(one, memberships.get(one.id, [])) for one in found.items], next_cursor=found.next_cursor
    )


@routes.post("/users", status_code=201)
async def create_user(context: Context, given: UserNew, response: Response) -> UserOut:
    """Creates a user, or completes the placeholder that a webhook created for this e-mail. Administrators only."""
    context.require_admin("add people")
    person_id = await people.create_person(
        context.session,
        context.viewer,
        email=given.email,
        name=given.name,
        handle=given.handle,
        role=given.role,
        time_zone=given.time_zone,
        team_ids=given.team_ids,
    )
    response.headers["Location"] = f"/api/users/{person_id}"
    return await _read_user(context, person_id, response)


@routes.get("/users/{user_id}")
async def get_user(context: Context, user_id: PathId, response: Response) -> UserOut:
    """Returns a person."""
    return await _read_user(context, user_id, response)


@routes.patch("/users/{user_id}")
async def update_user(
    context: Context, user_id: PathId, given: UserPatch, response: Response, if_match: IfMatch = None
) -> UserOut:
    """Changes a person: their name, role, teams, or whether they can sign in."""
    context.require_admin("change people")
    await given.check_unchanged(lambda: _read_user(context, user_id, response))
    await people.manage_person(
        context.session,
        context.viewer,
        user_id,
        given.columns(),
        expected_version(if_match),
        team_ids=given.team_ids if "team_ids" in given.model_fields_set else None,
        now=context.now,
        on_deactivation=leads.notify_of_leaver,
    )
    return await _read_user(context, user_id, response)


async def _read_user(context: RequestContext, user_id: str, response: Response) -> UserOut:
    person = await people_queries.get_person(context.session, user_id)
    tag(response, person.version)
    return user_out(person, (await people_queries.teams_of(context.session, [user_id])).get(user_id, []))

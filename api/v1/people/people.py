"""People and their API tokens; teams; services."""

import secrets
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.request_context import Context, RequestContext, token_hash
from api.shapes.base import Given, IfMatch, Listing, PathId, Ref, Shape, ask, expected_version, tag
from api.v1.postmortems.postmortems import RefQuery, Search
from api.v1.routing import router
from domain.access import Role
from domain.errors import Malformed, UnknownReference, reason
from integrations import registry
from integrations.fields import Email, Instant, Name, Words
from models.base import new_id
from models.person import ApiToken, Person
from models.queries.access import sign_in
from models.queries.audit import records
from models.queries.connections import connections
from models.queries.escalation import leads
from models.queries.notifications import receivers
from models.queries.pagination import Ask
from models.queries.people import people, teams
from models.team import Service, Team

routes: APIRouter = router("people", prefix="")

Paging = Annotated[Ask, Depends(ask)]
Handle = Annotated[
    str,
    Words(40, shape=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", says="Letters, digits, dots, dashes and underscores"),
    AfterValidator(str.lower),
]


NO_PLACE = frozenset({"localtime", "Factory"})
"""Files beside the zones on some machines: whatever that machine is set to, and nothing."""


def zones() -> set[str]:
    """Names of the IANA database."""
    return available_timezones() - NO_PLACE


def _zone(value: str) -> str:
    if value not in zones():
        raise PydanticCustomError("time_zone", "Give an IANA time zone, such as Europe/Berlin")
    return value


Zone = Annotated[str, Words(60), AfterValidator(_zone)]


# People


class UserNew(Given):
    email: Email
    name: Name
    handle: Handle
    role: Role = Role.MEMBER
    team_ids: Annotated[list[Ref], Field(max_length=100, default_factory=list)]
    time_zone: Zone = "UTC"


class UserPatch(Given):
    """Administrators. ``active`` false deactivates: tokens stop, owned items are asked about."""

    name: Name = Field(default="")
    handle: Handle = Field(default="")
    role: Role = Role.MEMBER
    active: bool = True
    team_ids: Annotated[list[Ref], Field(max_length=100, default_factory=list)]
    time_zone: Zone = "UTC"


class UserOut(Shape):
    id: str
    version: int
    email: str
    name: str
    handle: str
    role: Role
    active: bool
    team_ids: list[str]
    time_zone: str
    created_at: datetime


def user_out(person: Person, team_ids: list[str]) -> UserOut:
    return UserOut(
        id=person.id,
        version=person.version,
        email=person.email,
        name=person.name,
        handle=person.handle,
        role=Role(person.role),
        active=person.is_active,
        team_ids=team_ids,
        time_zone=person.time_zone,
        created_at=person.created_at,
    )


@routes.get("/users")
async def list_users(context: Context, page: Paging, q: Search = None, active: bool | None = None) -> Listing[UserOut]:
    found = await people.list_people(context.session, page, q=q, active=active)
    memberships = await people.teams_of(context.session, [one.id for one in found.items])
    return Listing(
        items=[user_out(one, memberships.get(one.id, [])) for one in found.items], next_cursor=found.next_cursor
    )


@routes.post("/users", status_code=201)
async def create_user(context: Context, given: UserNew, response: Response) -> UserOut:
    """Administrators. Claims the placeholder that a webhook made for this e-mail, if there is one."""
    context.require_admin("add people to")
    person = await people.add_person(
        context.session,
        person_id=new_id("user"),
        email=given.email,
        name=given.name,
        handle=given.handle,
        role=given.role,
    )
    person.time_zone = given.time_zone
    await teams.set_teams_of(context.session, context.viewer, person.id, given.team_ids)
    records.audit(context.session, context.viewer, "user.created", "user", person.id, after={"role": given.role.value})
    response.headers["Location"] = f"/api/users/{person.id}"
    return await read_user(context, person.id, response)


@routes.get("/users/{user_id}")
async def get_user(context: Context, user_id: PathId, response: Response) -> UserOut:
    return await read_user(context, user_id, response)


@routes.patch("/users/{user_id}")
async def change_user(
    context: Context, user_id: PathId, given: UserPatch, response: Response, if_match: IfMatch = None
) -> UserOut:
    context.require_admin("change people of")
    changes = given.given()
    team_ids = changes.pop("team_ids", None)
    if "active" in changes:
        changes["is_active"] = changes.pop("active")
    was_active = (await people.get_person(context.session, user_id)).is_active
    await people.change_person(context.session, context.viewer, user_id, changes, expected_version(if_match))
    if was_active and changes.get("is_active") is False:
        await leads.tell_of_leaver(context.session, user_id, context.now)
    await receivers.replan(context.session, user_id)
    if team_ids is not None:
        await teams.set_teams_of(context.session, context.viewer, user_id, team_ids)
    return await read_user(context, user_id, response)


async def read_user(context: Any, user_id: str, response: Response) -> UserOut:
    person = await people.get_person(context.session, user_id)
    tag(response, person.version)
    return user_out(person, (await people.teams_of(context.session, [user_id])).get(user_id, []))


# Tokens

Scope = Literal["read", "write", "admin"]


class TokenNew(Given):
    """``userId`` is yourself unless an administrator says otherwise. ``expiresAt`` null never expires."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=3)] = ("read", "write")
    user_id: Ref | None = None
    expires_at: Instant | None = None


class TokenOut(Shape):
    """``token`` is there once, in the answer to its creation."""

    id: str
    user_id: str
    name: str
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    token: str | None = None


def token_out(token: ApiToken, plain: str | None = None) -> TokenOut:
    return TokenOut(
        id=token.id,
        user_id=token.person_id,
        name=token.name,
        scopes=token.scopes,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
        created_at=token.created_at,
        token=plain,
    )


@routes.get("/tokens")
async def list_tokens(context: Context, page: Paging) -> Listing[TokenOut]:
    """Your own; an administrator sees everybody's. Never the tokens themselves."""
    found = await people.list_tokens(context.session, context.viewer, page)
    return Listing(items=[token_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/tokens", status_code=201)
async def create_token(context: Context, given: TokenNew, response: Response) -> TokenOut:
    """``token`` in the answer is shown once, and kept only as a hash."""
    person_id = given.user_id or context.viewer.person_id
    if person_id != context.viewer.person_id or "admin" in given.scopes:
        context.require_admin("make such a token in")
    if given.expires_at and given.expires_at <= context.now:
        raise Malformed(reasons=[reason("expires_at", "Give an instant in the future.", where="body.expiresAt")])
    await people.get_person(context.session, person_id)
    plain = f"aft_{secrets.token_urlsafe(32)}"
    token = await people.add_token(
        context.session,
        token_id=new_id("tok"),
        person_id=person_id,
        name=given.name,
        token_hash=token_hash(plain),
        scopes=list(dict.fromkeys(given.scopes)),
        expires_at=given.expires_at,
    )
    records.audit(context.session, context.viewer, "token.created", "token", token.id, after={"scopes": token.scopes})
    response.headers["Cache-Control"] = "no-store"
    context.answer_is_secret = True
    return token_out(token, plain)


class SignInLinkOut(Shape):
    """``url`` is shown once; it signs its person in to the web pages, once."""

    user_id: str
    url: str
    expires_at: datetime


@routes.post("/users/{user_id}/sign-in-links", status_code=201)
async def create_sign_in_link(context: Context, user_id: PathId, response: Response) -> SignInLinkOut:
    """Administrators: a link to hand to somebody, which signs them in to the web pages once and within a day."""
    context.require_admin("make sign-in links in")
    person = await people.get_person(context.session, user_id)
    code = secrets.token_urlsafe(24)
    link = await sign_in.add_link(context.session, person.id, token_hash(code), context.now)
    told = {"userId": person.id}
    records.audit(context.session, context.viewer, "sign_in_link.created", "token", link.id, after=told)
    response.headers["Cache-Control"] = "no-store"
    context.answer_is_secret = True
    url = f"{context.parts.settings.base_url}/sign-in?code={code}"
    return SignInLinkOut(user_id=person.id, url=url, expires_at=context.now + sign_in.LINK_LASTS)


@routes.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(context: Context, token_id: PathId) -> None:
    """It stops working at once. Your own; an administrator anybody's."""
    token = await people.revoke_token(context.session, context.viewer, token_id, context.now)
    records.audit(context.session, context.viewer, "token.revoked", "token", token.id)


# Teams


class ChannelShape(Given):
    """Where a team is told: ``address`` is the connection's own word for it, such as a Slack channel's id or an e-mail
    address; empty where the connection is one channel."""

    integration_id: Ref
    address: Annotated[str, Words(254, blank=True, one_line=True)] = ""


class TeamNew(Given):
    name: Name
    lead_id: Ref | None = None
    member_ids: Annotated[list[Ref], Field(max_length=1000, default_factory=list)]


class TeamPatch(Given):
    """``channel`` null takes it away. Escalations and a weekly report go there."""

    name: Name = Field(default="")
    lead_id: Ref | None = None
    member_ids: Annotated[list[Ref], Field(max_length=1000, default_factory=list)]
    channel: ChannelShape | None = None


class TeamOut(Shape):
    id: str
    version: int
    name: str
    lead_id: str | None
    member_ids: list[str]
    channel: ChannelShape | None
    created_at: datetime


def team_out(team: Team, member_ids: list[str]) -> TeamOut:
    return TeamOut(
        id=team.id,
        version=team.version,
        name=team.name,
        lead_id=team.lead_id,
        member_ids=member_ids,
        channel=ChannelShape(integration_id=team.channel_id, address=team.channel_address or "")
        if team.channel_id
        else None,
        created_at=team.created_at,
    )


@routes.get("/teams")
async def list_teams(context: Context, page: Paging) -> Listing[TeamOut]:
    found = await teams.list_teams(context.session, page)
    members = await teams.members_of(context.session, [one.id for one in found.items])
    return Listing(items=[team_out(one, members.get(one.id, [])) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/teams", status_code=201)
async def create_team(context: Context, given: TeamNew, response: Response) -> TeamOut:
    context.require_admin("add teams to")
    team = await teams.add_team(
        context.session,
        context.viewer,
        team_id=new_id("team"),
        name=given.name,
        lead_id=given.lead_id,
        member_ids=given.member_ids,
    )
    records.audit(context.session, context.viewer, "team.created", "team", team.id, after={"name": given.name})
    response.headers["Location"] = f"/api/teams/{team.id}"
    return await _read_team(context, team.id, response)


@routes.get("/teams/{team_id}")
async def get_team(context: Context, team_id: PathId, response: Response) -> TeamOut:
    return await _read_team(context, team_id, response)


@routes.patch("/teams/{team_id}")
async def change_team(
    context: Context, team_id: PathId, given: TeamPatch, response: Response, if_match: IfMatch = None
) -> TeamOut:
    context.require_admin("change teams of")
    changes = given.given()
    if "channel" in changes:
        del changes["channel"]
        changes |= await _channel(context, given.channel)
    await teams.change_team(context.session, context.viewer, team_id, changes, expected_version(if_match))
    await receivers.replan(context.session, team_id)
    return await _read_team(context, team_id, response)


async def _channel(context: RequestContext, given: ChannelShape | None) -> dict[str, Any]:
    """Raises UnknownReference, or Malformed where the connection tells nobody anything."""
    if given is None:
        return {"channel_id": None, "channel_address": None}
    row = await connections.find_integration(context.session, given.integration_id)
    if row is None:
        raise UnknownReference(field="channel.integrationId", kind="integration", id=given.integration_id)
    if row.kind not in registry.notifier_kinds():
        words = f"A connection of kind {row.kind} sends no messages."
        raise Malformed(reasons=[reason("channel", words, where="body.channel.integrationId")])
    return {"channel_id": row.id, "channel_address": given.address}


async def _read_team(context: Any, team_id: str, response: Response) -> TeamOut:
    team = await teams.get_team(context.session, team_id)
    tag(response, team.version)
    return team_out(team, (await teams.members_of(context.session, [team_id])).get(team_id, []))


# Services


class ServiceNew(Given):
    name: Name
    team_id: Ref | None = None


class ServicePatch(Given):
    name: Name = Field(default="")
    team_id: Ref | None = None


class ServiceFull(Shape):
    id: str
    version: int
    name: str
    team_id: str | None
    active: bool
    created_at: datetime


def service_out(service: Service) -> ServiceFull:
    return ServiceFull(
        id=service.id,
        version=service.version,
        name=service.name,
        team_id=service.team_id,
        active=service.is_active,
        created_at=service.created_at,
    )


@routes.get("/services")
async def list_services(
    context: Context, page: Paging, team_id: Annotated[RefQuery, Query(alias="teamId")] = None
) -> Listing[ServiceFull]:
    """``active`` false: named first by a webhook, not claimed yet."""
    found = await teams.list_services(context.session, page, team_id=team_id)
    return Listing(items=[service_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/services", status_code=201)
async def create_service(context: Context, given: ServiceNew, response: Response) -> ServiceFull:
    """Administrators. Claims the one that a webhook made under this name, if there is one."""
    context.require_admin("add services to")
    service = await teams.add_service(context.session, service_id=new_id("svc"), name=given.name, team_id=given.team_id)
    records.audit(context.session, context.viewer, "service.created", "service", service.id, after={"name": given.name})
    response.headers["Location"] = f"/api/services/{service.id}"
    tag(response, service.version)
    return service_out(service)


@routes.get("/services/{service_id}")
async def get_service(context: Context, service_id: PathId, response: Response) -> ServiceFull:
    service = await teams.get_service(context.session, service_id)
    tag(response, service.version)
    return service_out(service)


@routes.patch("/services/{service_id}")
async def change_service(
    context: Context, service_id: PathId, given: ServicePatch, response: Response, if_match: IfMatch = None
) -> ServiceFull:
    context.require_admin("change services of")
    service = await teams.change_service(
        context.session, context.viewer, service_id, given.given(), expected_version(if_match)
    )
    tag(response, service.version)
    return service_out(service)

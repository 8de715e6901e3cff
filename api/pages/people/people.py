"""People: who can sign in, with which role, and in which teams. Administrators add and change them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from api.pages.form_fields import sent_version, zone_names
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, SearchQuery, ask
from api.shapes.people import UserNew, UserPatch
from application.access import sign_in
from application.escalation import leads
from application.people import people as use_cases
from domain.access import Role
from domain.errors import DomainError
from models.person import Person
from models.queries.pagination import Ask
from models.queries.people import choices, people, teams
from models.team import Team

routes = router()

LIST = "/settings/people"
ROLES: Mapping[Role, str] = {
    Role.ADMIN: "Manages people, teams, and settings, and sees every postmortem",
    Role.RESPONDER: "Reports incidents, and starts postmortems for them",
    Role.MEMBER: "Writes and reviews where asked to",
}
Shown = Literal["active", "inactive", "all"]
"""Which people the list shows."""


@routes.get(LIST)
async def list_people(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    q: SearchQuery = None,
    role: Role | None = None,
    shown: Annotated[Shown, Query(alias="show")] = "active",
) -> Response:
    session = visit.context.session
    active = {"active": True, "inactive": False}.get(shown)
    found = await people.list_people(session, page, q=q, active=active, role=role)
    memberships = await people.teams_of(session, [one.id for one in found.items])
    named = await teams.teams_by_id(session, sorted({one for ids in memberships.values() for one in ids}))
    return await show(
        visit,
        "people/people.html",
        people=found.items,
        teams_of={one: [named[id_].name for id_ in ids] for one, ids in memberships.items()},
        next_cursor=found.next_cursor,
        q=q or "",
        role=role,
        shown=shown,
        roles=list(ROLES),
    )


@routes.get(f"{LIST}/new")
async def new(visit: Visiting) -> Response:
    return await _new_form(visit)


async def _new_form(visit: Visit, refusal: DomainError | None = None) -> Response:
    visit.context.require_admin("add people")
    return await show(
        visit,
        "people/new_person.html",
        refusal,
        teams=await choices.list_team_choices(visit.context.session),
        zones=zone_names(),
        roles=ROLES,
    )


@routes.post(f"{LIST}/new")
async def create(visit: Visiting) -> Response:
    context, form = visit.context, visit.form
    context.require_admin("add people")
    made: list[str] = []

    async def work() -> None:
        sent = {name: form.get(name, "") for name in ("email", "name", "handle", "role", "timeZone")}
        given = read_form(UserNew, {**sent, "teamIds": _ticked(form)})
        person_id = await use_cases.create_person(
            context.session,
            context.viewer,
            email=given.email,
            name=given.name,
            handle=given.handle,
            role=given.role,
            time_zone=given.time_zone,
            team_ids=given.team_ids,
        )
        made.append(person_id)

    if refusal := await attempted(visit, work()):
        return await _new_form(visit, refusal)
    return to(f"{LIST}/{made[0]}?saved=added")


def _ticked(form: Mapping[str, str]) -> list[str]:
    return [name.removeprefix("team.") for name, value in form.items() if name.startswith("team.") and value == "yes"]


@routes.get(f"{LIST}/{{person_id}}")
async def show_person(visit: Visiting, person_id: PathId, saved: Annotated[str, Query(max_length=20)] = "") -> Response:
    return await _shown(visit, person_id, saved=saved)


async def _shown(visit: Visit, person_id: str, refusal: DomainError | None = None, **more: Any) -> Response:
    session = visit.context.session
    person = await people.get_person(session, person_id)
    own = await teams.list_teams_of(session, person_id)
    form = visit.form if refusal else {}
    return await show(
        visit,
        "people/person.html",
        refusal,
        **{"saved": "", "link": None, **more},
        person=person,
        own=own,
        given=_typed(form) if form.get("form") == "person" else _stored(person, own),
        teams=await _offered_teams(visit, own),
        zones=zone_names(person.time_zone),
        roles=ROLES,
        providers=_trusted_providers(visit) if person.role != Role.ADMIN else [],
    )


def _trusted_providers(visit: Visit) -> list[str]:
    """Names of those with which someone signs in by their e-mail address alone, without a link of ours."""
    return [one.rules.label for one in visit.context.parts.providers.values() if one.rules.trusted]


def _stored(person: Person, own: list[str]) -> dict[str, str]:
    fields = {"name": person.name, "handle": person.handle, "role": person.role, "timeZone": person.time_zone}
    return fields | {f"team.{one}": "yes" for one in own}


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(name, "") for name in ("name", "handle", "role", "timeZone")} | {
        f"team.{one}": "yes" for one in _ticked(form)
    }


async def _offered_teams(visit: Visit, own: list[str]) -> list[Team]:
    """Those that a form offers, among them each that the person is in."""
    session = visit.context.session
    first = {one.id: one for one in (await teams.list_teams(session, Ask(200))).items}
    found = first | await teams.teams_by_id(session, [one for one in own if one not in first])
    return sorted(found.values(), key=lambda one: one.name.lower())


@routes.post(f"{LIST}/{{person_id}}")
async def save(visit: Visiting, person_id: PathId) -> Response:
    """Saves the form. That of an inactive person activates them, too: so a placeholder becomes a person."""
    form = visit.form

    async def work() -> None:
        sent: dict[str, Any] = {name: form.get(name, "") for name in ("name", "handle", "role", "timeZone")}
        if form.get("activate") == "yes":
            sent["active"] = True
        await _change(visit, person_id, sent, team_ids=await _teams_after(visit, person_id))

    if refusal := await attempted(visit, work()):
        return await _shown(visit, person_id, refusal)
    return to(f"{LIST}/{person_id}?saved={'activated' if form.get('activate') == 'yes' else 'changed'}")


async def _teams_after(visit: Visit, person_id: str) -> list[str]:
    """The person's teams now, with what was ticked and cleared since the form was shown."""
    before = set(visit.form.get("base.teams", "").split())
    ticked = set(_ticked(visit.form))
    now = set(await teams.list_teams_of(visit.context.session, person_id))
    return sorted((now - (before - ticked)) | (ticked - before))


async def _change(visit: Visit, person_id: str, sent: Mapping[str, Any], *, team_ids: list[str] | None = None) -> None:
    context = visit.context
    context.require_admin("change people")
    given = read_form(UserPatch, sent if team_ids is None else {**sent, "teamIds": team_ids})
    await use_cases.manage_person(
        context.session,
        context.viewer,
        person_id,
        given.columns(),
        sent_version(visit.form),
        team_ids=team_ids,
        now=context.now,
        on_deactivation=leads.notify_of_leaver,
    )


@routes.post(f"{LIST}/{{person_id}}/deactivate")
async def deactivate(visit: Visiting, person_id: PathId) -> Response:
    if refusal := await attempted(visit, _change(visit, person_id, {"active": False})):
        return await _shown(visit, person_id, refusal)
    return to(f"{LIST}/{person_id}?saved=deactivated")


@routes.post(f"{LIST}/{{person_id}}/sign-in-link")
async def create_sign_in_link(visit: Visiting, person_id: PathId) -> Response:
    """Shows the link once. It ends with the token that the administrator signed in with, if there is one."""
    context = visit.context
    context.require_admin("create sign-in links")
    person = await people.get_person(context.session, person_id)
    parent_id, ends_by = await sign_in.credential_of_session(context.session, context.credential.token_id)
    link = await sign_in.hand_out_link(
        context.session, context.viewer, person.id, context.now, ends_by=ends_by, parent_id=parent_id
    )
    context.answer_is_secret = True
    url = f"{context.parts.settings.base_url}/sign-in?code={link.code}"
    return await _shown(visit, person_id, link=url, link_expires_at=link.expires_at)

"""API tokens: creating one, which is shown once, and revoking them. Administrators see everyone's."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.access import TokenNew
from api.shapes.base import PathId, ask
from application.access import sign_in, tokens
from application.people.lookup import find_typed_person
from domain.errors import DomainError
from models.queries.access import tokens as token_queries
from models.queries.pagination import Ask
from models.queries.people import people

routes = router()

LIST = "/settings/tokens"
SCOPES = {
    "read": "Read what you may see",
    "write": "Create and change what you may",
    "admin": "Do what only administrators may",
}
LASTS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "": "Until it is revoked"}
"""Days until a token expires, as the form offers them."""


@routes.get(LIST)
async def list_tokens(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    whose: Annotated[str, Query(max_length=10)] = "",
    revoked: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    return await _shown(visit, page, everyones=whose == "everyone", revoked=revoked == "1")


async def _shown(
    visit: Visit, page: Ask, refusal: DomainError | None = None, *, everyones: bool = False, **more: Any
) -> Response:
    context = visit.context
    everyones = everyones and context.viewer.is_admin
    found = await token_queries.list_tokens(context.session, context.viewer, page, everyones=everyones, kept=True)
    offers_others = visit.request.state.frame["may_administer"]
    return await show(
        visit,
        "access/tokens.html",
        refusal,
        **{"revoked": False, "made": None, "plain": "", **more},
        tokens=found.items,
        next_cursor=found.next_cursor,
        everyones=everyones,
        owners=await people.people_by_id(context.session, [one.person_id for one in found.items]),
        scopes={name: about for name, about in SCOPES.items() if offers_others or name != "admin"},
        lasts=LASTS,
    )


@routes.post(LIST)
async def create(visit: Visiting) -> Response:
    """Shows the token once. It ends with the token that its creator signed in with, if there is one."""
    context, form = visit.context, visit.form
    made: list[Any] = []

    async def work() -> None:
        given = read_form(
            TokenNew,
            {
                "name": form.get("name", ""),
                "scopes": [one for one in SCOPES if form.get(f"scope.{one}") == "yes"],
                "expiresAt": _expires_at(context.now, form.get("lasts", "")),
            },
        )
        _, ends_by = await sign_in.credential_of_session(context.session, context.credential.token_id)
        made.extend(
            await tokens.issue_token(
                context.session,
                context.viewer,
                await _owner(visit),
                name=given.name,
                scopes=given.scopes,
                expires_at=_not_after(given.expires_at, ends_by),
                ends_by=ends_by,
                now=context.now,
            )
        )

    if refusal := await attempted(visit, work()):
        return await _shown(visit, Ask(50), refusal)
    context.answer_is_secret = True
    await context.session.flush()
    token, plain = made
    return await _shown(visit, Ask(50), made=token, plain=plain, everyones=token.person_id != context.viewer.person_id)


def _expires_at(now: datetime, lasts: str) -> str | None:
    return (now + timedelta(days=int(lasts))).astimezone(UTC).isoformat() if lasts in LASTS and lasts else None


def _not_after(expires_at: datetime | None, ends_by: datetime | None) -> datetime | None:
    """The form offers no exact times, so what would last too long ends with the token that its creator uses."""
    return min(expires_at, ends_by) if expires_at and ends_by else expires_at


async def _owner(visit: Visit) -> str | None:
    """Raises UnknownReference, AmbiguousPerson."""
    typed = visit.form.get("owner", "").strip()
    return (await find_typed_person(visit.context.session, "owner", typed)).id if typed else None


@routes.post(f"{LIST}/{{token_id}}/revoke")
async def revoke(visit: Visiting, token_id: PathId) -> Response:
    context = visit.context
    await tokens.revoke_token(context.session, context.viewer, token_id, context.now)
    whose = "&whose=everyone" if visit.form.get("whose") == "everyone" else ""
    return to(f"{LIST}?revoked=1{whose}")

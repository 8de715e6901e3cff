"""API tokens, and links that sign a person in to the web pages."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.request_context import Context
from api.shapes.access import SignInLinkOut, TokenNew, TokenOut, token_out
from api.shapes.base import Listing, PathId, ask
from api.v1.routing import router
from application.access import sign_in, tokens
from models.queries.access import tokens as token_queries
from models.queries.pagination import Ask
from models.queries.people import people

routes: APIRouter = router("people", prefix="")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("/tokens")
async def list_tokens(context: Context, page: Paging) -> Listing[TokenOut]:
    """Lists your tokens without their secrets. Administrators see everyone's."""
    found = await token_queries.list_tokens(context.session, context.viewer, page)
    return Listing(items=[token_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/tokens", status_code=201)
async def create_token(context: Context, given: TokenNew, response: Response) -> TokenOut:
    """Creates a token. ``token`` is shown only in this response; Afterword stores a hash."""
    token, plain = await tokens.issue_token(
        context.session,
        context.viewer,
        given.user_id,
        name=given.name,
        scopes=given.scopes,
        expires_at=given.expires_at,
        ends_by=context.credential.expires_at,
        now=context.now,
    )
    response.headers["Cache-Control"] = "no-store"
    context.answer_is_secret = True
    return token_out(token, plain)


@routes.post("/users/{user_id}/sign-in-links", status_code=201)
async def create_sign_in_link(context: Context, user_id: PathId, response: Response) -> SignInLinkOut:
    """Creates a one-time sign-in link for a person, valid for a day. Administrators only."""
    context.require_admin("create sign-in links")
    person = await people.get_person(context.session, user_id)
    own = context.credential
    link = await sign_in.hand_out_link(
        context.session, context.viewer, person.id, context.now, ends_by=own.expires_at, parent_id=own.token_id
    )
    response.headers["Cache-Control"] = "no-store"
    context.answer_is_secret = True
    url = f"{context.parts.settings.base_url}/sign-in?code={link.code}"
    return SignInLinkOut(user_id=person.id, url=url, expires_at=link.expires_at)


@routes.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(context: Context, token_id: PathId) -> None:
    """Revokes one of your tokens right away. Administrators can revoke anyone's."""
    await tokens.revoke_token(context.session, context.viewer, token_id, context.now)

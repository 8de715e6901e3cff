"""Requests and answers about API tokens and sign-in links."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.shapes.base import Given, Ref, Shape
from integrations.fields import Instant, Name
from models.person import ApiToken

Scope = Literal["read", "write", "admin"]


class TokenNew(Given):
    """``userId`` is you, unless you are an administrator and choose someone else. ``expiresAt`` null never expires."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=3)] = ("read", "write")
    user_id: Ref | None = None
    expires_at: Instant | None = None


class TokenOut(Shape):
    """``token`` is only present in the response to its creation."""

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


class SignInLinkOut(Shape):
    """``url`` is shown only in this response. It signs the person in once."""

    user_id: str
    url: str
    expires_at: datetime

"""Requests and answers about API tokens, sign-in links, sessions, and accounts at identity providers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.shapes.base import Given, Ref, Shape, Zone
from api.shapes.people import Handle
from domain.access import Role
from integrations.fields import Email, Instant, Name, Words
from models.person import ApiToken
from models.queries.people.identities import ShownIdentity

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


class SessionOut(Shape):
    """A web session. ``address`` and ``userAgent`` are those of its last use, recorded once a minute at most."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    address: str | None
    user_agent: str | None
    current: bool


def session_out(token: ApiToken, current_id: str) -> SessionOut:
    return SessionOut(
        id=token.id,
        created_at=token.created_at,
        last_seen_at=token.last_used_at or token.created_at,
        address=token.address,
        user_agent=token.user_agent,
        current=token.id == current_id,
    )


class IdentityOut(Shape):
    """An account at an identity provider, and the person it belongs to; until ``confirmedAt``, the person whose e-mail
    address it has."""

    id: str
    version: int
    provider: str
    issuer: str
    subject: str
    email: str | None
    user_id: str
    user_name: str
    user_email: str
    user_role: Role
    confirmed_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


def identity_out(one: ShownIdentity) -> IdentityOut:
    return IdentityOut(
        id=one.id,
        version=one.version,
        provider=one.provider,
        issuer=one.issuer,
        subject=one.subject,
        email=one.email,
        user_id=one.person_id,
        user_name=one.person_name,
        user_email=one.person_email,
        user_role=Role(one.role),
        confirmed_at=one.confirmed_at,
        last_used_at=one.last_used_at,
        created_at=one.created_at,
    )


class SignInMailNew(Given):
    email: Email


class FirstAdministrator(Given):
    """What the page of a new installation asks for; ``team`` is the name of a first team, empty for none."""

    code: Annotated[str, Words(100, one_line=True)]
    name: Name
    email: Email
    handle: Handle
    team: Annotated[str, Words(300, blank=True, one_line=True)] = ""
    time_zone: Zone = "UTC"

"""Which person someone is who signed in at an identity provider, and what their groups there make of them here.

People are joined by issuer and subject. An e-mail address decides only the first time, and only if a trusted provider
has verified it. It never decides who is an administrator, and never adds a second provider to a person: an
administrator confirms that.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.access import Role


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider says about whoever signed in."""

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    user_name: str | None = None
    groups: frozenset[str] = frozenset()

    @property
    def email_domain(self) -> str:
        return (self.email or "").rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Someone signed out at a provider: of one session there (``session_id``), or of all. ``at`` is when it says so."""

    issuer: str
    subject: str | None
    session_id: str | None
    at: datetime

    def ends(self, claims: Mapping[str, Any]) -> bool:
        """Whether a session that began with an ID token of these claims is over."""
        pairs = (("iss", self.issuer), ("sub", self.subject), ("sid", self.session_id))
        return all(claims.get(name) == value for name, value in pairs if value is not None)


def claims_in(id_token: str) -> Mapping[str, Any]:
    """Those of a token that was checked when it came; none of one that can't be read."""
    payload = id_token.split(".")[1:2]
    try:
        found = json.loads(base64.urlsafe_b64decode("".join(payload) + "=="))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """What an installation believes of a provider.

    ``trusted``: its verified e-mail addresses say who someone is. ``domains`` are those of the addresses that it may
    say that of; empty for all. ``roles`` and ``teams`` are by group; a team is a name. Without ``roles``, groups leave
    roles alone, and only the teams that are named in ``teams`` are changed.
    """

    name: str
    label: str
    trusted: bool = False
    domains: frozenset[str] = frozenset()
    roles: Mapping[str, Role] | None = None
    teams: Mapping[str, str] | None = None

    def believes(self, claims: Claims) -> bool:
        """Whether the e-mail address is proof."""
        is_ours = not self.domains or claims.email_domain in self.domains
        return self.trusted and claims.email is not None and claims.email_verified and is_ours


@dataclass(frozen=True, slots=True)
class Namesake:
    """The person here who has the e-mail address. ``is_linked``: they sign in with some provider already."""

    role: Role
    is_active: bool
    has_left: bool
    is_linked: bool


class Joining(StrEnum):
    """What becomes of someone whom we see for the first time."""

    JOIN = "they are that person"
    CLAIM = "they are the person for whom a webhook made a placeholder"
    CREATE = "they are new"
    ASK = "an administrator decides whether they are that person"
    REFUSE = "they are not let in"
    LEFT = "they left"


def decide(claims: Claims, rules: ProviderRules, namesake: Namesake | None) -> Joining:
    """For an issuer and subject that no person is linked to."""
    believed = rules.believes(claims)
    if namesake is None:
        return Joining.CREATE if believed else Joining.REFUSE
    if not namesake.is_active:
        if not believed or namesake.role is Role.ADMIN:
            return Joining.REFUSE
        return Joining.LEFT if namesake.has_left else Joining.CLAIM
    if believed and namesake.role is not Role.ADMIN and not namesake.is_linked:
        return Joining.JOIN
    return Joining.ASK


_RANK = (Role.ADMIN, Role.RESPONDER, Role.MEMBER)


def role_by_groups(groups: AbstractSet[str], roles: Mapping[str, Role]) -> Role:
    """The highest of them; MEMBER without any."""
    held = {role for group, role in roles.items() if group in groups}
    return next((one for one in _RANK if one in held), Role.MEMBER)


def teams_by_groups(
    groups: AbstractSet[str], teams: Mapping[str, str], team_ids: Mapping[str, str], current: AbstractSet[str]
) -> frozenset[str]:
    """Ids of all teams afterwards: in each team that a group names if they are in the group; others stay as they are.

    ``team_ids`` are by name; a name that no team has is ignored.
    """
    governed = {team_ids[name] for name in teams.values() if name in team_ids}
    held = {team_ids[name] for group, name in teams.items() if group in groups and name in team_ids}
    return frozenset((set(current) - governed) | held)

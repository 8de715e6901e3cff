"""What an operator says about one identity provider: ``AFTERWORD_OIDC__<NAME>__ISSUER`` and its like."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from domain.access import Role
from domain.identities import ProviderRules

OPEN_TO_ALL = frozenset({"https://accounts.google.com", "https://appleid.apple.com", "https://gitlab.com"})
"""Where everyone in the world may have an account: only some e-mail domains can be trusted."""
LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


def _issuer(value: str) -> str:
    """Exactly as the provider spells it: whether it ends with a slash matters."""
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    if not is_safe or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("expected an address such as https://login.example.com, without a query")
    return value


def _pairs(words: str) -> dict[str, str]:
    """``sre=ADMIN, on-call=RESPONDER``. A group's name may contain ``=``; what follows the last one is ours."""
    found: dict[str, str] = {}
    for pair in (one.strip() for one in words.split(",") if one.strip()):
        group, sign, ours = pair.rpartition("=")
        if not sign or not group.strip() or not ours.strip():
            raise ValueError(f"'{pair}' isn't 'their group=our name'")
        found[group.strip()] = ours.strip()
    return found


def _roles(words: str) -> str:
    for name in _pairs(words).values():
        Role(name.upper())
    return words


def _teams(words: str) -> str:
    _pairs(words)
    return words


class Provider(BaseModel):
    """``roles`` and ``teams`` are lists such as ``sre=ADMIN, on-call=RESPONDER`` and ``payments-eng=Payments``."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    issuer: Annotated[str, AfterValidator(_issuer)]
    """The provider's address, exactly as it spells it."""
    client_id: Annotated[str, Field(min_length=1)]
    """What the provider calls Afterword."""
    client_secret: SecretStr | None = None
    """Absent for a client that its provider knows as a public one."""
    label: str = ""
    """On the button; absent, the name in the setting."""
    scopes: str = "openid email profile"
    """What the provider is asked for, separated by spaces."""
    trusted: bool = False
    """Its verified e-mail addresses say who someone is; they may join by themselves."""
    domains: str = ""
    """E-mail domains that it may say that of, separated by commas; absent means all."""
    groups_claim: str = "groups"
    """The claim that lists a person's groups."""
    roles: Annotated[str, AfterValidator(_roles)] = ""
    """Roles by the provider's groups: ``sre=ADMIN, on-call=RESPONDER``."""
    teams: Annotated[str, AfterValidator(_teams)] = ""
    """Teams by the provider's groups: ``payments-eng=Payments``."""

    @model_validator(mode="after")
    def _closed(self) -> "Provider":
        if self.trusted and not self.domains.strip() and self.issuer.rstrip("/") in OPEN_TO_ALL:
            raise ValueError(f"everyone can have an account at {self.issuer}: name the e-mail domains that are yours")
        return self

    @cached_property
    def role_of(self) -> Mapping[str, Role]:
        return {group: Role(name.upper()) for group, name in _pairs(self.roles).items()}

    def rules(self, name: str) -> ProviderRules:
        return ProviderRules(
            name=name,
            label=self.label or name.replace("_", " ").capitalize(),
            trusted=self.trusted,
            domains=frozenset(one.strip().lower() for one in self.domains.split(",") if one.strip()),
            roles=self.role_of or None,
            teams=_pairs(self.teams) or None,
        )

"""The only reader of environment variables.

Temporal's own variables (``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, ``TEMPORAL_API_KEY``, TLS) are read
by ``temporalio.envconfig``, in ``runtime.connections``.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from integrations.outbound.policy import LOOPBACK, Allowed, read_allowed
from integrations.sign_in.settings import Provider

RESERVED = frozenset({"link"})
"""What other pages below ``/sign-in`` are called."""
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


WRONG_ADDRESS = "use an address with http:// or https:// and without a path, such as https://afterword.example.com"


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Every ``AFTERWORD_*`` variable, with its default."""

    model_config = SettingsConfigDict(
        env_prefix="AFTERWORD_",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    home: Path = Path(".afterword")
    """Folder for the data of the embedded servers."""
    host: str = "127.0.0.1"
    """Where the API listens."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Where the API listens."""
    public_url: str | None = None
    """Address that people reach; links in messages start with it. Absent means the one where the API listens, as seen
    from this machine."""
    database_url: SecretStr | None = None
    """``postgresql://...`` or ``postgresql+asyncpg://...``; absent means the embedded PostgreSQL under ``home``."""
    database_connections: int = Field(default=10, ge=2, le=1000)
    """The most that one process holds; those that nobody uses for two minutes are closed."""
    secret_key: SecretStr | None = None
    """Encrypts credentials and signs sessions. Several, separated by commas, rotate: the first one encrypts."""
    bootstrap_token: SecretStr | None = None
    """At the first start, creates an administrator who owns this API token."""
    demo: bool | None = None
    """Demo data: absent means only in the embedded database that ``afterword up`` brings."""
    demo_sign_in: bool = False
    """``afterword up`` sets it: its demo data, on this machine alone, may be tried as anybody in it."""
    api_processes: int = Field(default=1, ge=1, le=64)
    """How many processes ``afterword api`` runs, which listen together."""
    worker_processes: int = Field(default=1, ge=1, le=64)
    """How many processes ``afterword worker`` runs."""
    drain_seconds: float = Field(default=5, ge=0, le=600)
    """How long the API serves everything but ``/readyz`` after SIGTERM, so that a proxy stops sending requests."""
    outbound_allow: str | None = None
    """Private networks and hosts that connections may reach: ``10.0.0.0/8, jira.corp.example, *.internal``. Absent, it
    is none; but this machine for an installation that only this machine reaches."""
    trusted_proxies: str = ""
    """Addresses and networks of proxies in front of the API, separated by commas. Only their ``X-Forwarded-For`` and
    ``X-Forwarded-Proto`` are believed."""
    object_store: str | None = None
    """Where attachments and archives lie: ``file:///folder``, ``s3://bucket/folder``, or another address that obstore
    knows; absent means the folder ``objects`` under ``home``. All processes must reach the same one."""
    worker_metrics: str | None = None
    """``host:port`` on which the worker serves the Temporal SDK's Prometheus metrics, each further process of it on the
    next port; absent means off."""
    reconcile_minutes: float = Field(default=15, gt=0)
    """How often the linked tickets of each connection are compared with their tracker."""
    sweep_seconds: float = Field(default=2, gt=0)
    """How often a worker looks for what was not started or not handled; for what is new, twice as often."""
    oidc: dict[str, Provider] = Field(default_factory=dict)
    """Identity providers by name: ``AFTERWORD_OIDC__OKTA__ISSUER``, and so on for each field of ``Provider``."""
    log_format: Literal["console", "json"] = "console"
    """Log lines for people, or for a log collector."""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)] = "INFO"
    """The least important lines that are logged."""

    @field_validator("public_url")
    @classmethod
    def _reachable(cls, address: str | None) -> str | None:
        if not address:
            return None
        try:
            parts = urlsplit(address)
            _ = parts.port
        except ValueError:
            raise ValueError(WRONG_ADDRESS) from None
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
        if not is_whole or parts.path.strip("/") or parts.query or parts.fragment or re.search(r"[\s,]", address):
            raise ValueError(WRONG_ADDRESS)
        return address

    @field_validator("outbound_allow")
    @classmethod
    def _readable(cls, words: str | None) -> str | None:
        read_allowed(words or "")
        return words

    @field_validator("oidc")
    @classmethod
    def _named(cls, providers: dict[str, Provider]) -> dict[str, Provider]:
        for name in providers:
            if not re.fullmatch(r"[a-z0-9_]{1,40}", name) or name in RESERVED:
                raise ValueError(f"'{name}' can't be the name of an identity provider: use letters and digits")
        return providers

    @property
    def object_store_address(self) -> str:
        return self.object_store or (self.home.resolve() / "objects").as_uri()

    @property
    def outbound(self) -> Allowed:
        """What connections may reach beside the internet."""
        is_alone = self.public_url is None and self.host in LOOPBACK_HOSTS
        words = (LOOPBACK if is_alone else "") if self.outbound_allow is None else self.outbound_allow
        return read_allowed(words)

    @property
    def reachable_host(self) -> str:
        """Where this machine finds the API: one that listens everywhere is found at home."""
        return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def base_url(self) -> str:
        """Without a slash at the end."""
        host = self.reachable_host
        host = f"[{host.replace('%', '%25')}]" if ":" in host else host  # RFC 3986, and RFC 6874 for a zone
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


@cache
def get_settings() -> Settings:
    return Settings()

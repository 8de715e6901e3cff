"""A connection: what a person enters for one (the base of each ``Config`` and ``Secrets``), how that is checked, and
the base of each vendor that is seen through one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Annotated, ClassVar, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from domain.errors import DomainError, Fact, InvalidIntegrationConfig, reason
from integrations.outbound.policy import host_of


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where credentials go: ``field`` is the setting that says so, ``origin`` tells two of them apart."""

    field: str
    host: str
    origin: str


class Copied(StrEnum):
    """What of a connection is entered at the vendor."""

    WEBHOOK_URL = "WEBHOOK_URL"
    MANIFEST = "MANIFEST"


@dataclass(frozen=True, slots=True)
class SetupStep:
    """Something to do at the vendor, in a sentence or two.

    ``link`` leads to the page where it is done. ``copies`` is entered there: such a step follows once the connection
    is saved. Credentials are called as the fields of the form are.
    """

    text: str
    link: str = ""
    copies: Copied | None = None


class ConnectionModel(BaseModel):
    """camelCase outside, unknown fields refused, never an entered value in an error.

    Each field has a title and a description, so that a form can be drawn from ``model_json_schema()``; a
    credential is a ``SecretStr``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )

    def endpoint(self) -> Endpoint | None:
        """By ``base_url``, where there is one; an empty address leads nowhere."""
        address = getattr(self, "base_url", None)
        if not address:
            return None
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return Endpoint("baseUrl", host_of(address), f"{parts.scheme}://{host_of(address)}:{port}")


M = TypeVar("M", bound=ConnectionModel)


def checked_settings(model: type[M], values: Mapping[str, object]) -> M:
    """``values`` as ``model``; raises ``InvalidIntegrationConfig`` with a reason for each field that is wrong."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        known = ", ".join(to_camel(name) for name in model.model_fields) or "none"
        raise InvalidIntegrationConfig(reasons=_reasons(error, known)) from None


def _reasons(error: ValidationError, known: str) -> list[dict[str, Fact]]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    unknown = f"This connection has no such field. Choose one of: {known}."
    return [
        reason(
            one["type"],
            unknown if one["type"] == "extra_forbidden" else one["msg"],
            field=".".join(str(part) for part in one["loc"]),
        )
        for one in found
    ]


class VendorUnavailable(Exception):
    """A stumble: the vendor is away, or limits our rate. ``retry_after`` is in seconds, None where it is not told."""

    def __init__(self, vendor: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{vendor} is unavailable: {detail}")
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class PermissionCheck:
    """One permission that a connection needs: ``name`` and ``detail`` are words for people."""

    name: str
    granted: bool
    detail: str


class ConnectedVendor(ABC):
    """What trackers, publishers, calendars and video services have in common: a vendor, seen through one connection.

    One instance serves one task in one thread, makes no request until it is asked for something, and is closed at the
    end.
    """

    label: ClassVar[str]
    """Name for people: ``GitHub``."""
    Config: ClassVar[type[ConnectionModel]]
    Secrets: ClassVar[type[ConnectionModel]]
    """The two halves of a connection; each field has a title and a description, so that a form can be drawn."""
    setup: ClassVar[tuple[SetupStep, ...]]
    """How an administrator sets it up."""

    kept_host: str | None = None
    """A host that this connection may reach although its address is private; see ``integrations.outbound.policy``."""
    calls: int = 0
    """Requests made so far."""
    request_id: str | None = None
    """The vendor's own id of the last request, for its support; None where it has none."""

    @abstractmethod
    def __init__(self, config: ConnectionModel, secrets: ConnectionModel) -> None:
        """``config`` and ``secrets`` are instances of this class's ``Config`` and ``Secrets``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Gives connections back; safe to call twice."""

    @abstractmethod
    def check_permissions(self) -> list[PermissionCheck]:
        """Each permission that we need, and whether we have it. Refusals become checks that are not granted."""

    def _looked(self, looks: Mapping[str, Callable[[], str]]) -> list[PermissionCheck]:
        """Each look by its name, until the first that is refused."""
        checks: list[PermissionCheck] = []
        for name, look in looks.items():
            try:
                checks.append(PermissionCheck(name, granted=True, detail=look()))
            except DomainError as refusal:
                return [*checks, PermissionCheck(name, granted=False, detail=str(refusal))]
        return checks


class SourceConfig(ConnectionModel):
    """What an incident source needs to know: nothing, so far."""


class SourceSecrets(ConnectionModel):
    """What its webhooks are signed with."""

    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="Required to accept webhooks. While you rotate it, enter both, separated by a comma.",
        ),
    ] = None

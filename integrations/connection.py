"""What a person enters to connect a system: the base of each ``Config`` and ``Secrets``, and how they are checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from domain.errors import Fact, InvalidIntegrationConfig, reason
from integrations.outbound.policy import host_of


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where credentials go: ``field`` is the setting that says so, ``origin`` tells two of them apart."""

    field: str
    host: str
    origin: str


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

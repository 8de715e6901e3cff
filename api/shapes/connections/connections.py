"""Request and response shapes of a connection."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, JsonValue

from api.request_context import RequestContext
from api.shapes.base import FreeForm, Given, Patch, Shape
from api.shapes.connections.projections import ProjectionShape
from application.connections.connections import NewConnection
from application.connections.registrations import read_registration
from domain.errors import CredentialsLocked
from integrations import registry
from integrations.fields import Name, Words
from integrations.registry import Shelf
from models.integration import Integration

Kind = Annotated[str, Words(40, shape=r"^[a-z][a-z0-9_]*$", says="Send a kind, such as github")]


class IntegrationNew(Given):
    """``config`` and ``secrets`` depend on the kind; ``secrets.webhookSecret`` verifies its webhooks."""

    kind: Kind
    name: Name
    config: FreeForm = Field(default_factory=dict)
    secrets: FreeForm = Field(default_factory=dict)
    projection: ProjectionShape = Field(default_factory=ProjectionShape)

    def new_connection(self) -> NewConnection:
        return NewConnection(self.kind, self.name, self.config, self.secrets, self.projection.kept())


class RegistrationOut(Shape):
    """Afterword's webhook at the vendor. ``expiresAt`` is null if it doesn't expire."""

    id: str
    expires_at: datetime | None


class IntegrationOut(Shape):
    """``secretNames`` lists the secrets that are set; null if they can't be decrypted. ``account`` is the account
    that Afterword uses. ``keptHost`` is a host that the connection had before hosts were checked, which it may reach
    even at a private address; ``*`` if its address is a secret."""

    id: str
    version: int
    kind: str
    name: str
    config: dict[str, JsonValue]
    secret_names: list[str] | None
    projection: dict[str, JsonValue]
    enabled: bool
    needs_attention: str | None
    account: str | None
    registration: RegistrationOut | None
    webhook_url: str
    kept_host: str | None
    kept_host_confirmed_at: datetime | None
    created_at: datetime
    disconnected_at: datetime | None


class IntegrationPatch(Patch):
    """``secrets`` replaces the secrets that you send and removes those that are null; ``config`` and ``projection``
    are replaced as a whole. ``enabled`` false pauses the connection: nothing is sent, and webhooks are stored for
    later."""

    answer = IntegrationOut

    name: Name = Field(default="")
    config: FreeForm = Field(default_factory=dict)
    secrets: FreeForm = Field(default_factory=dict)
    projection: ProjectionShape = Field(default_factory=ProjectionShape)
    enabled: bool = True

    def columns(self) -> dict[str, Any]:
        """What was sent, apart from ``secrets``."""
        sent = self.given()
        sent.pop("secrets", None)
        if "projection" in sent:
            sent["projection"] = self.projection.kept()
        if "enabled" in sent:
            sent["is_enabled"] = sent.pop("enabled")
        return sent


class KindOut(Shape):
    """A kind of integration. ``config`` and ``secrets`` are JSON schemas of its two forms; a secret is
    ``writeOnly``."""

    kind: str
    label: str
    is_tracker: bool
    is_channel: bool
    is_publisher: bool
    is_calendar: bool
    is_conference: bool
    config: dict[str, JsonValue]
    secrets: dict[str, JsonValue]


def kind_out(kind: registry.Kind) -> KindOut:
    return KindOut(
        kind=kind.kind,
        label=kind.label,
        is_tracker=kind.is_tracker,
        is_channel=kind.shelf is Shelf.CHANNEL,
        is_publisher=kind.shelf is Shelf.PUBLISHER,
        is_calendar=kind.shelf is Shelf.CALENDAR,
        is_conference=kind.shelf is Shelf.CONFERENCE,
        config=dict(kind.config),
        secrets=dict(kind.secrets),
    )


def integration_out(context: RequestContext, row: Integration) -> IntegrationOut:
    registered = read_registration(row.registration)
    return IntegrationOut(
        id=row.id,
        version=row.version,
        kind=row.kind,
        name=row.name,
        config=row.config,
        secret_names=_secret_names(context, row),
        projection=row.projection,
        enabled=row.is_enabled,
        needs_attention=row.needs_attention,
        account=row.account,
        registration=RegistrationOut(id=registered.id, expires_at=registered.expires_at) if registered else None,
        webhook_url=f"{context.parts.settings.base_url}/api/webhooks/{row.kind}/{row.id}",
        kept_host=row.kept_host,
        kept_host_confirmed_at=row.kept_host_confirmed_at,
        created_at=row.created_at,
        disconnected_at=row.disconnected_at,
    )


def _secret_names(context: RequestContext, row: Integration) -> list[str] | None:
    try:
        return sorted(context.parts.keyring.open(row.secrets))
    except CredentialsLocked:
        return None


class Goodbye(IntegrationOut):
    """``webhookLeft`` explains why Afterword's webhook is still at the vendor; null if it isn't."""

    webhook_left: str | None

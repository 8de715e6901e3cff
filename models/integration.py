"""Connections to other systems, what came in by webhook, and the log of every attempt in either direction."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key, Version


class Integration(Base):
    """``secrets`` is a Fernet token over the JSON of the connection's secrets. ``is_enabled`` false is a pause.

    ``projection`` is what ``domain.tickets.projection`` reads: destinations, words and winners. ``account`` is the
    vendor's name of the account that we act as; ``registration`` our webhook there (``id``, ``expiresAt``), and until
    ``registering_until`` its handshake is answered. ``healed`` counts what reconciliation found changed without a
    webhook. A connection that was given up keeps its row, and its links: ``disconnected_at``.

    ``needs_attention`` says what is wrong, and ``attention_of`` names the team whose channel that is about, null where
    it is the whole connection. ``troubled_at`` says since when, and stays while renewed credentials are not known to
    work: whoever was told of the trouble is told of its end. ``look_wanted_at`` is set where somebody made, enabled or
    changed it, until its reconciliation was asked for out of its turn.
    """

    __tablename__ = "integration"

    id: Mapped[Key]
    version: Mapped[Version]
    kind: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    needs_attention: Mapped[str | None]
    troubled_at: Mapped[Instant | None]
    attention_of: Mapped[str | None]
    projection: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}", default=dict)
    account: Mapped[str | None]
    registration: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    registering_until: Mapped[Instant | None]
    last_webhook_at: Mapped[Instant | None]
    last_reconciled_at: Mapped[Instant | None]
    look_wanted_at: Mapped[Instant | None]
    healed: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    disconnected_at: Mapped[Instant | None]
    created_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class WebhookDelivery(Base):
    """One delivery, kept as it came until it is handled. ``body`` is raw: its signature was checked over it."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("integration_id", "delivery_id", postgresql_nulls_not_distinct=True),
        Index("ix_webhook_delivery_pending", "received_at", postgresql_where="handled_at is null"),
        Index("ix_webhook_delivery_settled", "handled_at", postgresql_where="handled_at is not null"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    delivery_id: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[CreatedAt]
    handled_at: Mapped[Instant | None]
    result: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)


class SyncAttempt(Base):
    """One row of a connection's sync log. ``request_id`` is the vendor's own id of the request."""

    __tablename__ = "sync_attempt"
    __table_args__ = (
        CheckConstraint("direction in ('IN', 'OUT')", name="direction"),
        Index("ix_sync_attempt_integration_id_id", "integration_id", "id"),
        Index("ix_sync_attempt_integration_id_at", "integration_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    direction: Mapped[str]
    operation: Mapped[str]
    result: Mapped[str]
    detail: Mapped[str | None]
    action_item_id: Mapped[Id | None]
    delivery_id: Mapped[str | None]
    request_id: Mapped[str | None]
    at: Mapped[CreatedAt]

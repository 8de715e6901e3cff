"""Connections to other systems, accounts of people there, deliveries of webhooks, and the log of every attempt."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key, Version


class Integration(Base):
    """``secrets`` is a Fernet token over the JSON of the connection's secrets. ``is_enabled`` false is a pause.

    ``projection`` is read by ``domain.tickets.projection``: destinations, status mapping and winners. ``account`` is
    the vendor's name of the account that we act as; ``registration`` is our webhook there, as
    ``application.connections.registrations`` reads it, and its handshake is answered until ``registering_until``.
    ``healed`` counts changes that reconciliation found without a webhook. A disconnected connection keeps its row and
    its links.

    ``needs_attention`` says what is wrong; ``attention_of`` is the team whose channel is concerned, null for the whole
    connection. ``troubled_at`` says since when. It stays until renewed credentials are known to work, so that the
    administrator who was notified of the trouble is also notified of its end. ``verified_at`` is when the other side
    first accepted a request with these settings and credentials. ``look_wanted_at`` is set when the
    connection was added, enabled or changed, until its reconciliation has been started.

    ``kept_host`` is a host that the connection had before hosts were checked, and reaches even if its address is
    private; ``*`` where it is in a secret.
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
    verified_at: Mapped[Instant | None]
    last_webhook_at: Mapped[Instant | None]
    last_reconciled_at: Mapped[Instant | None]
    look_wanted_at: Mapped[Instant | None]
    healed: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    kept_host: Mapped[str | None]
    kept_host_confirmed_at: Mapped[Instant | None]
    disconnected_at: Mapped[Instant | None]
    created_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class WebhookDelivery(Base):
    """One delivery, kept as it came until it is handled. ``body`` is raw: its signature was checked over it.

    A tracker's delivery has a row for each of its events: ``news`` is the event as ``integrations.stored_news`` writes
    it, and ``action_item_id`` the item that it is about. Both are null where they have to be read from the body.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("integration_id", "delivery_id", postgresql_nulls_not_distinct=True),
        Index("ix_webhook_delivery_pending", "received_at", postgresql_where="handled_at is null"),
        Index("ix_webhook_delivery_settled", "handled_at", postgresql_where="handled_at is not null"),
        Index("ix_webhook_delivery_waiting", "action_item_id", postgresql_where="handled_at is null"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    delivery_id: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    action_item_id: Mapped[Id | None]
    news: Mapped[bytes | None] = mapped_column(LargeBinary)
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


class PersonAccount(Base):
    """One person, one account, in one connection. ``account`` is what the vendor calls it in its API, ``label`` what
    people call it there. ``source`` says where it comes from: entered by a person, an import, or the same e-mail."""

    __tablename__ = "person_account"
    __table_args__ = (
        CheckConstraint("source in ('MANUAL', 'IMPORT', 'EMAIL')", name="source"),
        UniqueConstraint("integration_id", "person_id"),
        UniqueConstraint("integration_id", "account"),
    )

    id: Mapped[Key]
    integration_id: Mapped[Id] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(Text)
    label: Mapped[str | None]
    source: Mapped[str]
    created_at: Mapped[CreatedAt]


class KeyCheck(Base):
    """A known text, encrypted as credentials are: a process whose keys can't decrypt it has the wrong ones."""

    __tablename__ = "key_check"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

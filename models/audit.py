"""The audit log, the command log, and the answers kept for repeated requests."""

from typing import Any

from sqlalchemy import BigInteger, Identity, Index, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class AuditEntry(Base):
    """One change: who made it, when and from where, and the values before and after.

    It has no foreign keys, so that it outlives the entity that was changed.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_entity_id_id", "entity_id", "id"),
        Index("ix_audit_entry_postmortem_id_id", "postmortem_id", "id"),
        Index("ix_audit_entry_actor_id_id", "actor_id", "id"),
        Index("ix_audit_entry_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[CreatedAt]
    actor_id: Mapped[Id | None]
    origin: Mapped[str]
    action: Mapped[str]
    entity_kind: Mapped[str]
    entity_id: Mapped[Id]
    postmortem_id: Mapped[Id | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class CommandLog(Base):
    """A command that was carried out. The row is written in the command's own transaction, so that a repeat finds
    it."""

    __tablename__ = "command_log"

    entity_id: Mapped[Key]
    request_id: Mapped[Key]
    name: Mapped[str]
    actor_id: Mapped[Id | None]
    fingerprint: Mapped[str]
    created_at: Mapped[CreatedAt]


class CommandArgument(Base):
    """A command on its way to its workflow, with its texts, because text never travels through Temporal.

    Until ``claimed_until`` a request waits for it, which takes one of the person's places and has another request with
    the same ``Idempotency-Key`` refused. The command's own transaction deletes the row.
    """

    __tablename__ = "command_argument"
    __table_args__ = (
        Index("ix_command_argument_person_id", "person_id", postgresql_where="claimed_until is not null"),
    )

    request_id: Mapped[Key]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    person_id: Mapped[Id | None]
    claimed_until: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]


class IdempotencyRecord(Base):
    """The answer to a write with an ``Idempotency-Key``, stored in the write's own transaction."""

    __tablename__ = "idempotency_record"

    person_id: Mapped[Key]
    key: Mapped[Key]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status_code: Mapped[int] = mapped_column(Integer)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)

"""What happened: the audit trail, the command log, notices, and answers kept for repeated requests."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class AuditEntry(Base):
    """One change: who, when, from where, what before, what after. No foreign keys: it outlives what it tells of."""

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
    """A command that was committed. Its row is written in the command's own transaction, so a repeat finds it."""

    __tablename__ = "command_log"

    entity_id: Mapped[Key]
    request_id: Mapped[Key]
    name: Mapped[str]
    actor_id: Mapped[Id | None]
    fingerprint: Mapped[str]
    created_at: Mapped[CreatedAt]


class CommandArgument(Base):
    """The words of a command, left here before it is sent: text never travels through Temporal."""

    __tablename__ = "command_argument"

    request_id: Mapped[Key]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]


class IdempotencyRecord(Base):
    """The answer to a write that carried an ``Idempotency-Key``, kept in the write's own transaction."""

    __tablename__ = "idempotency_record"

    person_id: Mapped[Key]
    key: Mapped[Key]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status_code: Mapped[int] = mapped_column(Integer)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)


class Notice(Base):
    """A message in somebody's inbox, or for a team's channel. ``dedupe_key`` names its occasion: each occasion speaks
    once to each receiver.

    The row is the outbox of what is said elsewhere: ``is_heard`` false is not known to the receiver's workflow yet, and
    ``settled_at`` null waits to be told. ``outcome`` says how it was settled
    (``domain.notifications.timing.Outcome``), ``channel`` where it was told. ``on_behalf_of_id`` is away, and the
    receiver stands in. ``about_team_id`` is what it is about; ``team_id`` is a receiver.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_person_id_id", "person_id", "id"),
        Index("ix_notice_postmortem_id", "postmortem_id"),
        Index("uq_notice_person_id_dedupe_key", "person_id", "dedupe_key", unique=True),
        Index("uq_notice_team_id_dedupe_key", "team_id", "dedupe_key", unique=True),
        Index("ix_notice_outbox", "created_at", postgresql_where="not is_heard"),
        Index("ix_notice_waiting", "person_id", "team_id", postgresql_where="settled_at is null"),
        Index("ix_notice_message_id", "message_id", postgresql_where="message_id is not null"),
        CheckConstraint("num_nonnulls(person_id, team_id) = 1", name="receiver"),
    )

    id: Mapped[Key]
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    dedupe_key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str]
    rung: Mapped[str | None]
    target: Mapped[str | None]
    channel: Mapped[str]
    postmortem_id: Mapped[Id | None] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    action_item_id: Mapped[Id | None] = mapped_column(ForeignKey("action_item.id", ondelete="CASCADE"), index=True)
    comment_id: Mapped[Id | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), index=True)
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"), index=True)
    about_team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), index=True)
    on_behalf_of_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    is_escalation: Mapped[bool] = mapped_column(server_default="false", default=False)
    is_heard: Mapped[bool] = mapped_column(server_default="false", default=False)
    created_at: Mapped[CreatedAt]
    read_at: Mapped[Instant | None]
    settled_at: Mapped[Instant | None]
    outcome: Mapped[str | None]
    message_id: Mapped[Id | None] = mapped_column(ForeignKey("message.id"))


class WorkerPresence(Base):
    """Each worker says here, every few seconds, that it is alive."""

    __tablename__ = "worker_presence"

    id: Mapped[Key]
    seen_at: Mapped[CreatedAt]

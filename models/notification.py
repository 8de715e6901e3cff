"""What is said to whom outside of the inbox: messages, when somebody hears next, and where they are reached."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class Voice(Base):
    """One row for each receiver, a person or a team, that was ever told anything.

    ``next_at`` is when their workflow looks next, null where it has ended; ``digest_at`` is when their digest was
    planned for. ``reported_on`` is the Monday of the last week whose report went out.
    """

    __tablename__ = "voice"
    __table_args__ = (Index("ix_voice_next_at", "next_at", postgresql_where="next_at is not null"),)

    receiver_id: Mapped[Key]
    next_at: Mapped[Instant | None]
    digest_at: Mapped[Instant | None]
    last_digest_at: Mapped[Instant | None]
    reported_on: Mapped[date | None]
    unreachable_since: Mapped[Instant | None]
    unreachable_why: Mapped[str | None]


class Message(Base):
    """Notices that are told together. WAITING until its activity has an answer; VOID where nothing of it was left.

    ``channel`` is the kind that took it, ``inbox`` where none did; ``external_id`` is that channel's name of it, and
    ``thread`` that of the message which it stands under there, null where it stands by itself. ``detail`` says why
    nothing else took it or, of one that waits, why it came back.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("state in ('WAITING', 'SENT', 'VOID')", name="state"),
        Index("ix_message_receiver_id_created_at", "receiver_id", "created_at"),
        Index("ix_message_integration_id_sent_at", "integration_id", "sent_at"),
        Index("ix_message_waiting", "receiver_id", postgresql_where="state = 'WAITING'"),
    )

    id: Mapped[Key]
    receiver_id: Mapped[Id]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="WAITING")
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[Instant | None]
    channel: Mapped[str | None]
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    address: Mapped[str | None]
    external_id: Mapped[str | None]
    thread: Mapped[str | None]
    detail: Mapped[str | None]


class ChannelAddress(Base):
    """Where a connection reaches a person. ``is_chosen``: an administrator or they themselves wrote it, so that it is
    not looked up. ``refused_at``: nobody was there."""

    __tablename__ = "channel_address"
    __table_args__ = (Index("ix_channel_address_integration_id_address", "integration_id", "address"),)

    integration_id: Mapped[Key] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(Text)
    is_chosen: Mapped[bool] = mapped_column(default=False)
    found_at: Mapped[CreatedAt]
    refused_at: Mapped[Instant | None]
    detail: Mapped[str | None]

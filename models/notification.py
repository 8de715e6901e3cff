"""Notices, the messages that deliver them, the state of each receiver, and where each person is reached."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class Notice(Base):
    """A notice in a person's inbox or for a team's channel. ``dedupe_key`` names its occasion: a receiver gets one
    notice for each occasion.

    The row is the outbox of notifications: while ``is_heard`` is false, the receiver's workflow does not know of it,
    and while ``settled_at`` is null, it is still to be sent. ``outcome`` says how it was settled
    (``domain.notifications.timing.Outcome``) and ``channel`` where it was sent. The receiver stands in for
    ``on_behalf_of_id``, who is away; ``actor_id`` did what the notice says. Since ``done_at`` it is put away in the
    inbox. ``team_id`` is a receiver, and ``about_team_id`` the team that the notice is about.
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
    meeting_id: Mapped[Id | None] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    on_behalf_of_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    actor_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    is_escalation: Mapped[bool] = mapped_column(server_default="false", default=False)
    is_heard: Mapped[bool] = mapped_column(server_default="false", default=False)
    created_at: Mapped[CreatedAt]
    read_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
    settled_at: Mapped[Instant | None]
    outcome: Mapped[str | None]
    message_id: Mapped[Id | None] = mapped_column(ForeignKey("message.id"))

    @property
    def about_id(self) -> str | None:
        """The item, the postmortem, the connection, or the team that it is about, the closest of them."""
        return self.action_item_id or self.postmortem_id or self.integration_id or self.about_team_id


class ReceiverState(Base):
    """One row for each receiver, a person or a team, that was ever notified of anything.

    ``next_at`` is when the receiver's workflow acts next, null if it has ended; ``digest_at`` is when the next digest
    is planned for. ``reported_on`` is the Monday of the week whose weekly summary was sent last.
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
    """Notices that are sent together. WAITING until it was sent; VOID if none of its notices was worth sending.

    ``channel`` is the kind of connection that took it, ``inbox`` if none did. ``external_id`` is its id in that
    channel, and ``thread`` the id of the message there that it replies to, null if it starts a thread. ``detail`` says
    why no connection took it or, while it is WAITING, why it came back. ``subject`` is the one that mails to this
    receiver about the same postmortem share, null for messages about several and for escalations.
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
    subject: Mapped[str | None]


class ChannelAddress(Base):
    """A person's address in a connection. ``is_chosen``: an administrator or the person entered it, so it is not looked
    up. ``refused_at``: the address did not work then."""

    __tablename__ = "channel_address"
    __table_args__ = (Index("ix_channel_address_integration_id_address", "integration_id", "address"),)

    integration_id: Mapped[Key] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(Text)
    is_chosen: Mapped[bool] = mapped_column(default=False)
    found_at: Mapped[CreatedAt]
    refused_at: Mapped[Instant | None]
    detail: Mapped[str | None]

"""What is seen elsewhere: public summaries, links to them, copies in other systems, and settings of sharing."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.sharing.links import ShareScope
from domain.sharing.mailing import MailState, RecipientState
from domain.sharing.publications import PublicationState, PublicationTrigger
from models.base import Base, CreatedAt, Id, Instant, Key, Version, one_of


class PublicSummary(Base):
    """A text of its own, which is shown to outsiders once ``approved_at`` is set; each edit takes that back.

    ``text`` is null after the summary was deleted: the row stays, so that its version goes on counting.
    ``approved_revision`` is the content revision of the postmortem at that time. ``published_at`` is when a text of it
    was approved first; ``acknowledged`` are the findings that whoever approved it accepted.
    """

    __tablename__ = "public_summary"
    __table_args__ = (
        CheckConstraint("(approved_at is null) = (approved_revision is null)", name="approval"),
        CheckConstraint("approved_at is null or text is not null", name="approved_text"),
        Index(
            "ix_public_summary_feed",
            "approved_at",
            postgresql_where="listed and approved_at is not null",
        ),
    )

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    version: Mapped[Version]
    text: Mapped[str | None]
    listed: Mapped[bool] = mapped_column(default=False)
    approved_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[Instant | None]
    approved_revision: Mapped[int | None] = mapped_column(BigInteger)
    published_at: Mapped[Instant | None]
    acknowledged: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    updated_at: Mapped[CreatedAt]


class ShareLink(Base):
    """An address for outsiders. Its token is looked up by its SHA-256; ``token_sealed`` only serves to show the address
    again, and is null where its key was lost. ``password_hash`` is argon2's own text. ``views`` is a few seconds
    late."""

    __tablename__ = "share_link"
    __table_args__ = (
        CheckConstraint(one_of("scope", ShareScope), name="scope"),
        Index("ix_share_link_postmortem_id_id", "postmortem_id", "id"),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    scope: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    token_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    password_hash: Mapped[str | None]
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    views: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    last_viewed_at: Mapped[Instant | None]
    created_by_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class Publication(Base):
    """The copy of a postmortem in another system, one for each connection; its workflow is ``publication-<id>``.

    ``workflow_started`` false makes the row its own outbox. ``request`` counts what was asked for. While ``state`` is
    PENDING the last request is not carried out: ``wants_withdrawal`` says which way, ``overwrites`` that a change there
    may be lost, and ``pointer`` names the place there, where a person has to. ``remote_id``, ``url`` and
    ``remote_revision`` are the copy as we wrote it last, null where there is none; ``content_revision`` is the
    postmortem's then. ``problem`` is a sentence for people.
    """

    __tablename__ = "publication"
    __table_args__ = (
        CheckConstraint(one_of("state", PublicationState), name="state"),
        CheckConstraint(one_of("trigger", PublicationTrigger), name="trigger"),
        UniqueConstraint("postmortem_id", "integration_id"),
        Index("ix_publication_integration_id", "integration_id"),
        Index("ix_publication_outbox", "requested_at", postgresql_where="not workflow_started"),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    integration_id: Mapped[Id] = mapped_column(ForeignKey("integration.id"))
    target: Mapped[str]
    state: Mapped[str] = mapped_column(default=PublicationState.PENDING.value)
    trigger: Mapped[str]
    request: Mapped[int] = mapped_column(BigInteger, default=1)
    wants_withdrawal: Mapped[bool] = mapped_column(default=False)
    overwrites: Mapped[bool] = mapped_column(default=False)
    pointer: Mapped[str | None]
    remote_id: Mapped[str | None]
    remote_revision: Mapped[str | None]
    url: Mapped[str | None]
    content_revision: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str | None]
    requested_at: Mapped[Instant]
    created_at: Mapped[CreatedAt]
    published_at: Mapped[Instant | None]
    workflow_started: Mapped[bool] = mapped_column(default=False)


class CustomerEmail(Base):
    """A public summary as it went to customers; its workflow is ``customer-email-<id>``.

    ``workflow_started`` false makes the row its own outbox. ``text`` is the summary that was approved when it was asked
    for, in its ``summary_version``. ``problem`` says why it is suspended or was stopped.
    """

    __tablename__ = "customer_email"
    __table_args__ = (
        CheckConstraint(one_of("state", MailState), name="state"),
        Index("ix_customer_email_postmortem_id_id", "postmortem_id", "id"),
        Index("ix_customer_email_outbox", "created_at", postgresql_where="not workflow_started"),
        Index(
            "uq_customer_email_running",
            "postmortem_id",
            unique=True,
            postgresql_where="state in ('QUEUED', 'SENDING')",
        ),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    subject: Mapped[str]
    text: Mapped[str]
    summary_version: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default=MailState.QUEUED.value)
    problem: Mapped[str | None]
    created_by_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Instant | None]
    workflow_started: Mapped[bool] = mapped_column(default=False)


class CustomerEmailRecipient(Base):
    """``address`` is sealed, and null once it was removed; ``address_hash`` is keyed and stays.

    ``claimed_at`` is set right before the letter is handed over: while its state is QUEUED, it isn't known whether the
    mail server took it. ``tries`` counts how often the mail server put it off. ``integration_id`` is the connection
    that it was sent through.
    """

    __tablename__ = "customer_email_recipient"
    __table_args__ = (
        CheckConstraint(one_of("state", RecipientState), name="state"),
        UniqueConstraint("email_id", "address_hash"),
        Index("ix_customer_email_recipient_kept", "at", postgresql_where="address is not null"),
    )

    email_id: Mapped[Key] = mapped_column(ForeignKey("customer_email.id", ondelete="CASCADE"))
    ordinal: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(default=RecipientState.QUEUED.value)
    reason: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[Instant | None]
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    at: Mapped[CreatedAt]


class CustomerUnsubscribe(Base):
    """A customer who wants no more e-mail, known by a keyed hash of the address."""

    __tablename__ = "customer_unsubscribe"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[CreatedAt]


class SharingSettings(Base):
    """One row: names that never leave the organization, and whether the public feed is on.

    ``address_key`` is a sealed key, by which customers' addresses are known again once they are removed.
    """

    __tablename__ = "sharing_settings"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[Version]
    internal_tools: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    feed_enabled: Mapped[bool] = mapped_column(server_default="false", default=False)
    address_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[CreatedAt]

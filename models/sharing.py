"""What outsiders may see: public summaries, links to them, and what administrators decide about sharing."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.sharing.links import ShareScope
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


class SharingSettings(Base):
    """One row: names that never leave the organization, and whether the public feed is on."""

    __tablename__ = "sharing_settings"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[Version]
    internal_tools: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    feed_enabled: Mapped[bool] = mapped_column(server_default="false", default=False)
    updated_at: Mapped[CreatedAt]

"""Files that are attached to postmortems. Their bytes are in the object store."""

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class Attachment(Base):
    """One file of one postmortem. ``size`` and ``sha256`` are of the bytes that are kept: an image was made anew.

    ``ready_at`` is null until the store has the bytes. ``removed_at`` is set when somebody deleted it, and
    ``postmortem_id`` becomes null with its postmortem: nobody sees such a row, and the sweep takes it with its bytes.
    ``is_kept`` says that a revision of a section refers to it, and revisions are kept; ``checked_at`` is when the sweep
    last looked.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_postmortem_id_id", "postmortem_id", "id"),
        Index(
            "ix_attachment_leftover",
            "id",
            postgresql_where="postmortem_id is null or removed_at is not null or ready_at is null",
        ),
        Index("ix_attachment_unswept", "checked_at", postgresql_where="not is_kept"),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id | None] = mapped_column(ForeignKey("postmortem.id", ondelete="SET NULL"))
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    is_for_comment: Mapped[bool] = mapped_column(default=False)
    uploaded_by: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
    ready_at: Mapped[Instant | None]
    removed_at: Mapped[Instant | None]
    is_kept: Mapped[bool] = mapped_column(default=False)
    checked_at: Mapped[CreatedAt]

"""Files that are attached to postmortems, archives and imports. Their bytes are in the object store."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.documents.importing.document import LineKind
from domain.documents.jobs import JobKind, JobState
from models.base import Base, CreatedAt, Id, Instant, Key, one_of


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


class Job(Base):
    """An archive that is made, or an import, in the background; its workflow is ``export-<id>`` or ``import-<id>``.

    ``workflow_started`` false makes the row its own outbox. ``done`` counts what is finished of ``total``, so that an
    interrupted job goes on where it was. The archive lies in the object store until ``expires_at``; ``removed_at`` is
    when it was deleted there. ``wants_undo`` says that an import is to be taken back. ``secrets`` are sealed: what it
    takes to fetch what is imported, until that is done.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(one_of("kind", JobKind), name="kind"),
        CheckConstraint(one_of("state", JobState), name="state"),
        Index("ix_job_created_at_id", "created_at", "id"),
        Index("ix_job_outbox", "created_at", postgresql_where="not workflow_started"),
        Index("ix_job_kept", "expires_at", postgresql_where="removed_at is null"),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=JobState.QUEUED.value)
    scope: Mapped[dict[str, Any]] = mapped_column(JSONB)
    formats: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    dry_run: Mapped[bool] = mapped_column(default=False)
    wants_undo: Mapped[bool] = mapped_column(default=False)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    problems: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_by: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Instant | None]
    undone_at: Mapped[Instant | None]
    expires_at: Mapped[Instant]
    removed_at: Mapped[Instant | None]
    workflow_started: Mapped[bool] = mapped_column(default=False)


class JobLine(Base):
    """A line of an import's report; ``line`` counts from 1 in the ``source``."""

    __tablename__ = "job_line"
    __table_args__ = (CheckConstraint(one_of("kind", LineKind), name="kind"),)

    job_id: Mapped[Key] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    ordinal: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    source: Mapped[str]
    line: Mapped[int | None]
    kind: Mapped[str]
    target: Mapped[str | None]
    postmortem_id: Mapped[Id | None]
    text: Mapped[str]


class ImportedPostmortem(Base):
    """A postmortem that an import made, which undoing it deletes if nobody has touched it since."""

    __tablename__ = "imported_postmortem"

    job_id: Mapped[Key] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    source: Mapped[str]

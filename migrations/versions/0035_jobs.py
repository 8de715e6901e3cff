"""archives and imports in the background; where an imported postmortem came from"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("formats", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("wants_undo", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind in ('EXPORT', 'IMPORT')", name=op.f("ck_job_kind")),
        sa.CheckConstraint("state in ('QUEUED', 'RUNNING', 'DONE', 'FAILED')", name=op.f("ck_job_state")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_job_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_created_at_id", "job", ["created_at", "id"])
    op.create_index("ix_job_outbox", "job", ["created_at"], postgresql_where=sa.text("not workflow_started"))
    op.create_index("ix_job_kept", "job", ["expires_at"], postgresql_where=sa.text("removed_at is null"))
    op.create_table(
        "job_line",
        sa.Column("job_id", sa.Text(collation="C"), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('PLACED', 'UNPLACED', 'PERSON_NOT_FOUND', 'DUPLICATE', 'REFUSED')", name=op.f("ck_job_line_kind")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_line_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "ordinal", name=op.f("pk_job_line")),
    )
    op.create_table(
        "imported_postmortem",
        sa.Column("job_id", sa.Text(collation="C"), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_imported_postmortem_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_imported_postmortem_postmortem_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "postmortem_id", name=op.f("pk_imported_postmortem")),
    )
    op.add_column("postmortem", sa.Column("imported_from", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("postmortem", "imported_from")
    op.drop_table("imported_postmortem")
    op.drop_table("job_line")
    op.drop_table("job")

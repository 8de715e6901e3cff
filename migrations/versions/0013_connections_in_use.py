"""since when a connection is in trouble, an index for notices about it; tickets for many items at once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("integration", sa.Column("troubled_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.execute("update integration set troubled_at = now() where needs_attention is not null")
    op.create_index(op.f("ix_notice_integration_id"), "notice", ["integration_id"], unique=False)
    op.create_index("ix_sync_attempt_integration_id_at", "sync_attempt", ["integration_id", "at"], unique=False)
    op.create_table(
        "ticket_batch",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("integration_id", sa.Text(collation="C"), nullable=False),
        sa.Column("item_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("asked_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_ticket_batch_asked_by_id")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_ticket_batch_integration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_ticket_batch_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_batch")),
        sa.UniqueConstraint(
            "postmortem_id", "integration_id", name=op.f("uq_ticket_batch_postmortem_id_integration_id")
        ),
    )
    op.create_index(
        "ix_ticket_batch_outbox",
        "ticket_batch",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("not workflow_started"),
    )


def downgrade() -> None:
    op.drop_table("ticket_batch")
    op.drop_index("ix_sync_attempt_integration_id_at", table_name="sync_attempt")
    op.drop_index(op.f("ix_notice_integration_id"), table_name="notice")
    op.drop_column("integration", "troubled_at")

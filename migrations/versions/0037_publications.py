"""copies of postmortems in other systems"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")
STATES = "'PENDING', 'OK', 'REFUSED', 'CHANGED_THERE', 'WITHDRAWN', 'GONE'"


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("id", ID, nullable=False),
        sa.Column("postmortem_id", ID, nullable=False),
        sa.Column("integration_id", ID, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("request", sa.BigInteger(), nullable=False),
        sa.Column("wants_withdrawal", sa.Boolean(), nullable=False),
        sa.Column("overwrites", sa.Boolean(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("remote_revision", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("content_revision", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"state in ({STATES})", name=op.f("ck_publication_state")),
        sa.CheckConstraint("trigger in ('MANUAL', 'POLICY')", name=op.f("ck_publication_trigger")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_publication_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_publication_postmortem_id_postmortem"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint(
            "postmortem_id", "integration_id", name=op.f("uq_publication_postmortem_id_integration_id")
        ),
    )
    op.create_index("ix_publication_integration_id", "publication", ["integration_id"])
    op.create_index(
        "ix_publication_outbox", "publication", ["requested_at"], postgresql_where=sa.text("not workflow_started")
    )


def downgrade() -> None:
    op.drop_table("publication")

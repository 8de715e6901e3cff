"""policies say what is counted in working time, whom they ask, and where their people work"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("policy", sa.Column("working", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("policy", sa.Column("ladder", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("policy", sa.Column("office", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("policy", sa.Column("stale_after_days", sa.Integer(), nullable=True))
    op.execute("update policy set stale_after_days = 7")
    op.add_column("policy", sa.Column("created_by_id", sa.Text(collation="C"), nullable=True))
    op.add_column("policy", sa.Column("archived_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_policy_created_by_id"), "policy", "person", ["created_by_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_policy_created_by_id"), "policy", type_="foreignkey")
    for column in ("archived_at", "created_by_id", "stale_after_days", "office", "ladder", "working"):
        op.drop_column("policy", column)

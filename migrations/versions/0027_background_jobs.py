"""which worker does each background job, so that each round is done once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "background_job",
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("worker_id", sa.Text(collation="C"), nullable=False),
        sa.Column("held_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_background_job")),
    )


def downgrade() -> None:
    op.drop_table("background_job")

"""waived reviews, reminded reviewers, and which text was reviewed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0047"
down_revision: str | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("review", sa.Column("section_revisions", JSONB(), nullable=True))
    op.add_column("postmortem_reviewer", sa.Column("reminded_at", INSTANT, nullable=True))
    op.add_column("postmortem_reviewer", sa.Column("waived_at", INSTANT, nullable=True))
    op.add_column("postmortem_reviewer", sa.Column("waived_by_id", sa.Text(collation="C"), nullable=True))
    op.add_column("postmortem_reviewer", sa.Column("waived_reason", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_postmortem_reviewer_waived_by_id_person"), "postmortem_reviewer", "person", ["waived_by_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_postmortem_reviewer_waived"),
        "postmortem_reviewer",
        "(waived_at is null) = (waived_reason is null)",
    )


def downgrade() -> None:
    op.drop_column("review", "section_revisions")
    for name in ("waived_reason", "waived_by_id", "waived_at", "reminded_at"):
        op.drop_column("postmortem_reviewer", name)

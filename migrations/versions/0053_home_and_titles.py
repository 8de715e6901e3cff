"""what home reads of targets, and titles by status, as indexes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0053"
down_revision: str | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_postmortem_target_unmet",
        "postmortem_target",
        [sa.text("coalesce(extended_to, due_at)")],
        postgresql_include=["postmortem_id", "extended_to", "due_at"],
        postgresql_where=sa.text("met_at is null and waived_at is null"),
    )
    op.create_index(
        "ix_postmortem_target_slipped",
        "postmortem_target",
        ["postmortem_id"],
        postgresql_where=sa.text("slips >= 1 and met_at is null and waived_at is null"),
    )
    op.drop_index("ix_postmortem_target_pending", "postmortem_target")
    op.create_index("ix_postmortem_status_title", "postmortem", ["status", sa.text("lower(title)"), "id"])


def downgrade() -> None:
    op.drop_index("ix_postmortem_status_title", "postmortem")
    op.create_index(
        "ix_postmortem_target_pending",
        "postmortem_target",
        ["due_at"],
        postgresql_where=sa.text("met_at is null and waived_at is null"),
    )
    op.drop_index("ix_postmortem_target_slipped", "postmortem_target")
    op.drop_index("ix_postmortem_target_unmet", "postmortem_target")

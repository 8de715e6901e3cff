"""a tracker's delivery keeps what was read from it, and the action item that it is about"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("webhook_delivery", sa.Column("action_item_id", sa.Text(collation="C"), nullable=True))
    op.add_column("webhook_delivery", sa.Column("news", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_webhook_delivery_waiting",
        "webhook_delivery",
        ["action_item_id"],
        postgresql_where=sa.text("handled_at is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_delivery_waiting", table_name="webhook_delivery")
    op.drop_column("webhook_delivery", "news")
    op.drop_column("webhook_delivery", "action_item_id")

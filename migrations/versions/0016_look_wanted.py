"""since when a connection is to be reconciled at once; an index by which old deliveries are dropped"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("integration", sa.Column("look_wanted_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_index(
        "ix_webhook_delivery_settled",
        "webhook_delivery",
        ["handled_at"],
        unique=False,
        postgresql_where=sa.text("handled_at is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_delivery_settled", table_name="webhook_delivery")
    op.drop_column("integration", "look_wanted_at")

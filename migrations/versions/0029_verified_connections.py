"""a connection is working only once the other side has accepted something"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("integration", sa.Column("verified_at", sa.TIMESTAMP(timezone=True), nullable=True))
    # those that are in use and not in trouble have shown that they work
    op.execute(
        "update integration set verified_at = coalesce(last_reconciled_at, last_webhook_at, created_at)"
        " where needs_attention is null and disconnected_at is null"
        " and (account is not null or last_webhook_at is not null or exists ("
        " select from sync_attempt where sync_attempt.integration_id = integration.id and sync_attempt.result = 'ok'))"
    )


def downgrade() -> None:
    op.drop_column("integration", "verified_at")

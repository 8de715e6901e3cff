"""when each group of notices is sent in each channel"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0048"
down_revision: str | None = "0047"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("person", sa.Column("notice_wishes", JSONB(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("person", "notice_wishes")

"""a notice remembers who did what it says"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("actor_id", sa.Text(collation="C")))
    op.create_foreign_key("fk_notice_actor_id", "notice", "person", ["actor_id"], ["id"])


def downgrade() -> None:
    op.drop_column("notice", "actor_id")

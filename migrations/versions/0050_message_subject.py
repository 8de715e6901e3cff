"""the subject that mails about one postmortem share"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0050"
down_revision: str | None = "0049"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("message", sa.Column("subject", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "subject")

"""what an import needs to fetch from elsewhere"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("job", sa.Column("secrets", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("job", "secrets")

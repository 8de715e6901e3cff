"""whose a command on its way is, and until when a request waits for it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("command_argument", sa.Column("person_id", sa.Text(collation="C"), nullable=True))
    op.add_column("command_argument", sa.Column("claimed_until", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_index(
        "ix_command_argument_person_id",
        "command_argument",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("claimed_until is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_command_argument_person_id", table_name="command_argument")
    op.drop_column("command_argument", "claimed_until")
    op.drop_column("command_argument", "person_id")

"""postmortems can be switched off, for the organization and for a team"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("postmortems_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_organization_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.execute("insert into organization (id) values (1)")
    op.add_column("team", sa.Column("postmortems_enabled", sa.Boolean(), server_default="true", nullable=False))


def downgrade() -> None:
    op.drop_column("team", "postmortems_enabled")
    op.drop_table("organization")

"""wrong codes and tokens are counted for each address; sessions and sign-in links end with the token they began with"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "wrong_attempts",
        sa.Column("address", sa.Text(collation="C"), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", "began_at", name=op.f("pk_wrong_attempts")),
    )
    op.add_column("api_token", sa.Column("parent_id", sa.Text(collation="C"), nullable=True))
    op.create_index(op.f("ix_api_token_parent_id"), "api_token", ["parent_id"])
    op.create_foreign_key(op.f("fk_api_token_parent_id_api_token"), "api_token", "api_token", ["parent_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_api_token_parent_id_api_token"), "api_token", type_="foreignkey")
    op.drop_index(op.f("ix_api_token_parent_id"), "api_token")
    op.drop_column("api_token", "parent_id")
    op.drop_table("wrong_attempts")

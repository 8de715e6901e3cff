"""comments about an action item"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0052"
down_revision: str | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("comment", sa.Column("action_item_id", sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_comment_action_item_id_action_item"),
        "comment",
        "action_item",
        ["action_item_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_comment_action_item_id",
        "comment",
        ["action_item_id"],
        postgresql_where=sa.text("action_item_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_comment_action_item_id", "comment")
    op.drop_constraint(op.f("fk_comment_action_item_id_action_item"), "comment", type_="foreignkey")
    op.drop_column("comment", "action_item_id")

"""the orders of lists, and the open threads of a person, as indexes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0051"
down_revision: str | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_postmortem_updated_at_id", "postmortem", ["updated_at", "id"])
    op.create_index("ix_action_item_status_created_at_id", "action_item", ["status", "created_at", "id"])
    op.create_index(
        "ix_action_item_priority_rank",
        "action_item",
        [sa.text("strpos('HIGHMEDIUMLOW', priority)"), "id"],
    )
    op.create_index(
        "ix_comment_author_id_unresolved",
        "comment",
        ["author_id"],
        postgresql_where=sa.text("parent_id is null and resolved_at is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_comment_author_id_unresolved", "comment")
    op.drop_index("ix_action_item_priority_rank", "action_item")
    op.drop_index("ix_action_item_status_created_at_id", "action_item")
    op.drop_index("ix_postmortem_updated_at_id", "postmortem")

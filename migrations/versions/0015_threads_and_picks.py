"""what a message stands under in its channel; messages that were picked before there is a postmortem"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column("message", sa.Column("thread", sa.Text(), nullable=True))
    op.create_table(
        "chat_pick",
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("key", ID, nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("picked_by_id", ID, nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_chat_pick_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["picked_by_id"], ["person.id"], name=op.f("fk_chat_pick_picked_by_id")),
        sa.PrimaryKeyConstraint("incident_id", "key", name=op.f("pk_chat_pick")),
    )


def downgrade() -> None:
    op.drop_table("chat_pick")
    op.drop_column("message", "thread")

"""chat channels and what is talked about in them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "chat_channel",
        sa.Column("integration_id", ID, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("postmortem_id", ID, nullable=True),
        sa.Column("incident_id", ID, nullable=True),
        sa.Column("bound_by_id", ID, nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(postmortem_id, incident_id) = 1", name=op.f("ck_chat_channel_about")),
        sa.ForeignKeyConstraint(["bound_by_id"], ["person.id"], name=op.f("fk_chat_channel_bound_by_id")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_chat_channel_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_chat_channel_integration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_chat_channel_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("integration_id", "channel", name=op.f("pk_chat_channel")),
    )
    op.create_index(op.f("ix_chat_channel_incident_id"), "chat_channel", ["incident_id"])
    op.create_index(op.f("ix_chat_channel_postmortem_id"), "chat_channel", ["postmortem_id"])


def downgrade() -> None:
    op.drop_table("chat_channel")

"""connections know their words, their webhook and their health; people have accounts in them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INTEGRATION = (
    sa.Column("projection", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    sa.Column("account", sa.Text(), nullable=True),
    sa.Column("registration", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column("registering_until", sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column("last_webhook_at", sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column("last_reconciled_at", sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column("healed", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("disconnected_at", sa.TIMESTAMP(timezone=True), nullable=True),
)


def upgrade() -> None:
    for column in INTEGRATION:
        op.add_column("integration", column.copy())
    op.add_column("sync_attempt", sa.Column("request_id", sa.Text(), nullable=True))
    op.create_table(
        "person_account",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("integration_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source in ('MANUAL', 'IMPORT', 'EMAIL')", name=op.f("ck_person_account_source")),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integration.id"],
            name=op.f("fk_person_account_integration_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_account_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_account")),
        sa.UniqueConstraint("integration_id", "account", name=op.f("uq_person_account_integration_id_account")),
        sa.UniqueConstraint("integration_id", "person_id", name=op.f("uq_person_account_integration_id_person_id")),
    )
    op.create_index(op.f("ix_person_account_person_id"), "person_account", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_table("person_account")
    op.drop_column("sync_attempt", "request_id")
    for column in reversed(INTEGRATION):
        op.drop_column("integration", column.name)

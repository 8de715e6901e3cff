"""e-mails to customers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column("sharing_settings", sa.Column("address_key", sa.LargeBinary(), nullable=True))
    op.create_table(
        "customer_email",
        sa.Column("id", ID, nullable=False),
        sa.Column("postmortem_id", ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("summary_version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state in ('QUEUED', 'SENDING', 'DONE', 'STOPPED')", name=op.f("ck_customer_email_state")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_customer_email_created_by_id_person")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_customer_email_postmortem_id_postmortem"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_email")),
    )
    op.create_index("ix_customer_email_postmortem_id_id", "customer_email", ["postmortem_id", "id"])
    op.create_index(
        "ix_customer_email_outbox", "customer_email", ["created_at"], postgresql_where=sa.text("not workflow_started")
    )
    op.create_index(
        "uq_customer_email_running",
        "customer_email",
        ["postmortem_id"],
        unique=True,
        postgresql_where=sa.text("state in ('QUEUED', 'SENDING')"),
    )
    op.create_table(
        "customer_email_recipient",
        sa.Column("email_id", ID, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.Column("integration_id", ID, nullable=True),
        sa.Column("at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state in ('QUEUED', 'SENT', 'BOUNCED', 'UNSUBSCRIBED', 'FAILED')",
            name=op.f("ck_customer_email_recipient_state"),
        ),
        sa.ForeignKeyConstraint(
            ["email_id"],
            ["customer_email.id"],
            name=op.f("fk_customer_email_recipient_email_id_customer_email"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integration.id"],
            name=op.f("fk_customer_email_recipient_integration_id_integration"),
        ),
        sa.PrimaryKeyConstraint("email_id", "ordinal", name=op.f("pk_customer_email_recipient")),
        sa.UniqueConstraint("email_id", "address_hash", name=op.f("uq_customer_email_recipient_email_id_address_hash")),
    )
    op.create_index(
        "ix_customer_email_recipient_kept",
        "customer_email_recipient",
        ["at"],
        postgresql_where=sa.text("address is not null"),
    )
    op.create_table(
        "customer_unsubscribe",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_customer_unsubscribe")),
    )


def downgrade() -> None:
    op.drop_table("customer_unsubscribe")
    op.drop_table("customer_email_recipient")
    op.drop_table("customer_email")
    op.drop_column("sharing_settings", "address_key")

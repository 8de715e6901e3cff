"""public summaries, share links, and settings of sharing"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")
TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.create_table(
        "public_summary",
        sa.Column("postmortem_id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("approved_by_id", ID, nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("approved_revision", sa.BigInteger(), nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("acknowledged", TEXTS, server_default="{}", nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(approved_at is null) = (approved_revision is null)", name=op.f("ck_public_summary_approval")
        ),
        sa.CheckConstraint("approved_at is null or text is not null", name=op.f("ck_public_summary_approved_text")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["person.id"], name=op.f("fk_public_summary_approved_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_public_summary_postmortem_id_postmortem"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("postmortem_id", name=op.f("pk_public_summary")),
    )
    op.create_index(
        "ix_public_summary_feed",
        "public_summary",
        ["approved_at"],
        postgresql_where=sa.text("listed and approved_at is not null"),
    )
    op.create_table(
        "share_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("postmortem_id", ID, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_viewed_at", INSTANT, nullable=True),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("scope in ('SUMMARY', 'POSTMORTEM')", name=op.f("ck_share_link_scope")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_share_link_created_by_id_person")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_share_link_postmortem_id_postmortem"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_share_link_token_hash")),
    )
    op.create_index("ix_share_link_postmortem_id_id", "share_link", ["postmortem_id", "id"])
    op.create_table(
        "sharing_settings",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("internal_tools", TEXTS, server_default="{}", nullable=False),
        sa.Column("feed_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sharing_settings_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_settings")),
    )
    op.execute("insert into sharing_settings (id) values (1)")


def downgrade() -> None:
    op.drop_table("sharing_settings")
    op.drop_index("ix_share_link_postmortem_id_id", table_name="share_link")
    op.drop_table("share_link")
    op.drop_index("ix_public_summary_feed", table_name="public_summary")
    op.drop_table("public_summary")

"""files that are attached to postmortems; their bytes are in the object store"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("is_for_comment", sa.Boolean(), nullable=False),
        sa.Column("uploaded_by", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ready_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_attachment_postmortem_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["person.id"], name=op.f("fk_attachment_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_postmortem_id_id", "attachment", ["postmortem_id", "id"])
    op.create_index(
        "ix_attachment_leftover",
        "attachment",
        ["id"],
        postgresql_where=sa.text("postmortem_id is null or removed_at is not null or ready_at is null"),
    )
    op.create_index("ix_attachment_unswept", "attachment", ["checked_at"], postgresql_where=sa.text("not is_kept"))


def downgrade() -> None:
    op.drop_table("attachment")

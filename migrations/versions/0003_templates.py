"""templates"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.Text(collation="C"), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("not (is_default and archived_at is not null)", name=op.f("ck_template_default_in_use")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_template_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
    )
    op.create_index("ix_template_created_at_id", "template", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_template_default",
        "template",
        ["is_default"],
        unique=True,
        postgresql_where="is_default and team_id is null",
    )
    op.create_index(
        "ix_template_default_of_team",
        "template",
        ["team_id"],
        unique=True,
        postgresql_where="is_default and team_id is not null",
    )
    op.create_table(
        "template_version",
        sa.Column("template_id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_template_version_created_by_id")),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_template_version_template_id")),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_template_version")),
    )
    op.add_column("postmortem", sa.Column("template_version", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_postmortem_template_id_template_version"),
        "postmortem",
        "template_version",
        ["template_id", "template_version"],
        ["template_id", "version"],
    )
    op.create_check_constraint(
        op.f("ck_postmortem_template"), "postmortem", "(template_id is null) = (template_version is null)"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_postmortem_template"), "postmortem", type_="check")
    op.drop_constraint(op.f("fk_postmortem_template_id_template_version"), "postmortem", type_="foreignkey")
    op.drop_column("postmortem", "template_version")
    op.drop_table("template_version")
    op.drop_index(
        "ix_template_default_of_team", table_name="template", postgresql_where="is_default and team_id is not null"
    )
    op.drop_index("ix_template_default", table_name="template", postgresql_where="is_default and team_id is null")
    op.drop_index("ix_template_created_at_id", table_name="template")
    op.drop_table("template")

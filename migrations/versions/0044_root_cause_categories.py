"""root-cause categories"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.Text(collation="C")
DEFAULTS = (
    ("capacity", "A resource ran out, such as connections, memory, disk space, or a quota"),
    ("code defect", "The code did something other than intended"),
    ("configuration", "A setting was wrong, missing, or not applied everywhere"),
    ("data", "Data was wrong, missing, or in an unexpected form"),
    ("dependency", "Something that we rely on failed, inside the organization or at a vendor"),
    ("deployment", "A release, a migration, or its rollback went wrong"),
    ("infrastructure", "Hardware, the network, or the cloud platform failed"),
    ("process", "A step, an agreement, or a handover was missing or unclear"),
    ("security", "Credentials or access were misused, missing, or expired"),
    ("unknown", "The cause wasn't found"),
)


def upgrade() -> None:
    table = op.create_table(
        "root_cause_category",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_into"],
            ["root_cause_category.id"],
            name=op.f("fk_root_cause_category_merged_into_root_cause_category"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_root_cause_category")),
    )
    op.create_index(
        "ix_root_cause_category_name",
        "root_cause_category",
        [sa.text("lower(name)")],
        unique=True,
        postgresql_where="merged_into is null",
    )
    op.create_index("ix_root_cause_category_merged_into", "root_cause_category", ["merged_into"])
    op.create_index(
        "ix_postmortem_root_cause_category",
        "postmortem",
        [sa.text("lower(root_cause_category)")],
        postgresql_where="root_cause_category is not null",
    )
    rows = [
        {"id": f"rcc_{name.replace(' ', '_')}", "name": name, "description": about, "is_active": True}
        for name, about in DEFAULTS
    ]
    op.bulk_insert(table, rows)


def downgrade() -> None:
    op.drop_index("ix_postmortem_root_cause_category", "postmortem")
    op.drop_table("root_cause_category")

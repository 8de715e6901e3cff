"""text that is saved while people type"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0046"
down_revision: str | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column("section_revision", sa.Column("editing_id", sa.Text(), nullable=True))
    op.add_column("section_revision", sa.Column("window_began_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("section_revision", sa.Column("audit_entry_id", sa.BigInteger(), nullable=True))
    op.add_column("section_revision", sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_index(
        "ix_section_revision_superseded_at",
        "section_revision",
        ["superseded_at"],
        postgresql_where="superseded_at is not null",
    )
    op.create_table(
        "section_draft",
        sa.Column("postmortem_id", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("base_revision", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_section_draft_postmortem_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_section_draft_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "name", "person_id", name=op.f("pk_section_draft")),
    )
    op.create_index("ix_section_draft_person_id", "section_draft", ["person_id"])
    op.create_index("ix_section_draft_saved_at", "section_draft", ["saved_at"])


def downgrade() -> None:
    op.drop_table("section_draft")
    op.drop_index("ix_section_revision_superseded_at", "section_revision")
    op.execute("delete from section_revision where superseded_at is not null")
    for name in ("superseded_at", "audit_entry_id", "window_began_at", "editing_id"):
        op.drop_column("section_revision", name)

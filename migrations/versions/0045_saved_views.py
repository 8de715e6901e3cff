"""saved views, and how each person looks at a list"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.Text(collation="C")
LISTS = "list in ('postmortems', 'action-items', 'incidents')"


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("shared_with", sa.Text(), nullable=False),
        sa.Column("team_id", ID, nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(LISTS, name=op.f("ck_saved_view_list")),
        sa.CheckConstraint("shared_with in ('ME', 'TEAM', 'ORGANIZATION')", name=op.f("ck_saved_view_shared_with")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_saved_view_owner_id_person")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_saved_view_team_id_team"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("ix_saved_view_name", "saved_view", ["owner_id", "list", sa.text("lower(name)")], unique=True)
    op.create_index("ix_saved_view_team_id", "saved_view", ["team_id"], postgresql_where="team_id is not null")
    op.create_index(
        "ix_saved_view_organization", "saved_view", ["list"], postgresql_where="shared_with = 'ORGANIZATION'"
    )
    op.create_table(
        "list_choice",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint(LISTS, name=op.f("ck_list_choice_list")),
        sa.CheckConstraint("layout in ('table', 'cards', 'board')", name=op.f("ck_list_choice_layout")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_list_choice_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "list", name=op.f("pk_list_choice")),
    )

    due_first = [sa.text("coalesce(due_on, '9999-12-31'::date)"), "id"]
    op.create_index(
        "ix_action_item_due_first", "action_item", due_first, postgresql_where="status in ('OPEN', 'IN_PROGRESS')"
    )
    op.create_index("ix_postmortem_title", "postmortem", [sa.text("lower(title)"), "id"])


def downgrade() -> None:
    op.drop_index("ix_postmortem_title", "postmortem")
    op.drop_index("ix_action_item_due_first", "action_item")
    op.drop_table("list_choice")
    op.drop_table("saved_view")

"""what later numbers need: each item's status and due date over time, its first due date, the first publication"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KNOWN = {"server_default": sa.text("true"), "nullable": False}
FIRST = (
    ("action_item", sa.Column("first_due_on", sa.Date(), nullable=True)),
    ("action_item", sa.Column("first_due_on_known", sa.Boolean(), **KNOWN)),
    ("postmortem", sa.Column("first_published_at", sa.TIMESTAMP(timezone=True), nullable=True)),
    ("postmortem", sa.Column("first_published_at_known", sa.Boolean(), **KNOWN)),
)

# The database writes these itself, so that no door can forget to.
FUNCTIONS = (
    """
    create function action_item_first_due() returns trigger language plpgsql set search_path from current as $$
    begin
        new.first_due_on := new.due_on;
        return new;
    end $$
    """,
    """
    create function action_item_remember() returns trigger language plpgsql set search_path from current as $$
    begin
        insert into action_item_history (action_item_id, at, status, due_on) values (
            new.id,
            case when tg_op = 'UPDATE' and old.updated_at = new.updated_at then now() else new.updated_at end,
            new.status,
            new.due_on
        );
        return null;
    end $$
    """,
    """
    create function postmortem_first_published() returns trigger language plpgsql set search_path from current as $$
    begin
        new.first_published_at := new.published_at;
        return new;
    end $$
    """,
)
TRIGGERS = (
    """
    create trigger first_due before insert or update on action_item for each row
    when (new.first_due_on is null and new.first_due_on_known and new.due_on is not null)
    execute function action_item_first_due()
    """,
    """
    create trigger remember_new after insert on action_item for each row
    execute function action_item_remember()
    """,
    """
    create trigger remember_change after update on action_item for each row
    when (old.status is distinct from new.status or old.due_on is distinct from new.due_on)
    execute function action_item_remember()
    """,
    """
    create trigger first_published before insert or update on postmortem for each row
    when (new.first_published_at is null and new.first_published_at_known and new.published_at is not null)
    execute function postmortem_first_published()
    """,
)


def upgrade() -> None:
    for table, column in FIRST:
        op.add_column(table, column.copy())
    op.create_table(
        "action_item_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("action_item_id", sa.Text(collation="C"), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("known", sa.Boolean(), **KNOWN),
        sa.CheckConstraint(
            "status in ('OPEN', 'IN_PROGRESS', 'COMPLETED', 'WONT_DO')", name=op.f("ck_action_item_history_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item_history")),
    )
    # its index and its foreign key come with the next migration, which fills it
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for trigger in ("first_due", "remember_new", "remember_change"):
        op.execute(f"drop trigger {trigger} on action_item")
    op.execute("drop trigger first_published on postmortem")
    for function in ("action_item_first_due", "action_item_remember", "postmortem_first_published"):
        op.execute(f"drop function {function}()")
    op.drop_table("action_item_history")
    for table, column in reversed(FIRST):
        op.drop_column(table, column.name)

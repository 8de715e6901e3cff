"""what analytics counts: types of action items, when a state of theirs ended, and from when it was overdue"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OVERDUE_FROM = """
case when status in ('OPEN', 'IN_PROGRESS') and due_on is not null
then greatest(at, (due_on + 1)::timestamp at time zone 'UTC') end
"""

# What numbers are counted from, so that most of it is read from indexes alone.
INDEXES: tuple[tuple[str, str, list[str], dict[str, Any]], ...] = (
    ("ix_postmortem_first_published_at", "postmortem", ["first_published_at"], {}),
    (
        "ix_postmortem_counted",
        "postmortem",
        ["id"],
        {
            "postgresql_include": ["status", "visibility", "author_id"],
            "postgresql_where": sa.text("imported_from is null"),
        },
    ),
    (
        "ix_action_item_first_due_on",
        "action_item",
        ["first_due_on"],
        {"postgresql_include": ["postmortem_id", "status", "completed_at", "type"]},
    ),
    (
        "ix_action_item_history_overdue",
        "action_item_history",
        ["until"],
        {
            "postgresql_include": ["overdue_from", "postmortem_id", "action_item_id"],
            "postgresql_where": sa.text("overdue_from < until"),
        },
    ),
    (
        "ix_action_item_history_open",
        "action_item_history",
        ["until"],
        {
            "postgresql_include": ["at", "postmortem_id", "action_item_id"],
            "postgresql_where": sa.text("status in ('OPEN', 'IN_PROGRESS')"),
        },
    ),
)

REMEMBER_WITH_END = """
create or replace function action_item_remember() returns trigger language plpgsql set search_path from current as $$
declare
    changed_at timestamptz := case
        when tg_op = 'UPDATE' and old.updated_at = new.updated_at then now() else new.updated_at
    end;
begin
    if tg_op = 'UPDATE' then
        update action_item_history set until = changed_at where action_item_id = new.id and until = 'infinity';
    end if;
    insert into action_item_history (action_item_id, postmortem_id, at, status, due_on)
    values (new.id, new.postmortem_id, changed_at, new.status, new.due_on);
    return null;
end $$
"""
REMEMBER = """
create or replace function action_item_remember() returns trigger language plpgsql set search_path from current as $$
begin
    insert into action_item_history (action_item_id, at, status, due_on) values (
        new.id,
        case when tg_op = 'UPDATE' and old.updated_at = new.updated_at then now() else new.updated_at end,
        new.status,
        new.due_on
    );
    return null;
end $$
"""
FILL = """
update action_item_history as one set until = next.at, postmortem_id = item.postmortem_id
from (
    select id, action_item_id, lead(at, 1, 'infinity') over (partition by action_item_id order by id) as at
    from action_item_history
) as next
join action_item as item on item.id = next.action_item_id
where next.id = one.id
"""


def upgrade() -> None:
    op.execute("lock table action_item in share row exclusive mode")  # writers wait until this is done, readers don't
    op.add_column("action_item", sa.Column("type", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_action_item_type"),
        "action_item",
        "type in ('PREVENT', 'DETECT', 'MITIGATE', 'RESPOND', 'PROCESS', 'OTHER')",
    )
    op.add_column(
        "action_item_history",
        sa.Column("until", sa.TIMESTAMP(timezone=True), server_default="infinity", nullable=False),
    )
    op.add_column("action_item_history", sa.Column("postmortem_id", sa.Text(collation="C"), nullable=True))
    op.add_column(
        "action_item_history",
        sa.Column("overdue_from", sa.TIMESTAMP(timezone=True), sa.Computed(OVERDUE_FROM, persisted=True)),
    )
    op.execute(FILL)
    op.alter_column("action_item_history", "postmortem_id", nullable=False)
    op.execute(REMEMBER_WITH_END)
    for name, table, columns, options in INDEXES:
        op.create_index(name, table, columns, **options)


def downgrade() -> None:
    for name, table, _, _ in reversed(INDEXES):
        op.drop_index(name, table)
    op.execute(REMEMBER)
    op.drop_column("action_item_history", "overdue_from")
    op.drop_column("action_item_history", "postmortem_id")
    op.drop_column("action_item_history", "until")
    op.drop_constraint(op.f("ck_action_item_type"), "action_item")
    op.drop_column("action_item", "type")

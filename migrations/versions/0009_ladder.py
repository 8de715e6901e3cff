"""where and when people work; what the ladder remembers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")


def upgrade() -> None:
    for column in ("country", "region"):
        op.add_column("person", sa.Column(column, sa.Text(), nullable=True))
    op.add_column("person", sa.Column("working_days", postgresql.ARRAY(sa.SmallInteger()), nullable=True))
    for column in ("opens", "closes"):
        op.add_column("person", sa.Column(column, sa.SmallInteger(), nullable=True))
    op.create_check_constraint("hours", "person", "num_nulls(opens, closes) <> 1 and opens < closes")
    op.create_table(
        "public_holiday",
        sa.Column("country", ID, nullable=False),
        sa.Column("region", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("country", "region", "day", name=op.f("pk_public_holiday")),
    )
    op.create_table(
        "ladder_alarm",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("postmortem_id", ID, nullable=True),
        sa.Column("action_item_id", ID, nullable=True),
        sa.Column("rings_at", INSTANT, nullable=True),
        sa.Column("rings_for", sa.Text(), nullable=False),
        sa.Column("looked_at", INSTANT, nullable=False),
        sa.Column("looks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("num_nonnulls(postmortem_id, action_item_id) = 1", name=op.f("ck_ladder_alarm_one_subject")),
        *_links("ladder_alarm"),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_ladder_alarm")),
    )
    op.create_index("ix_ladder_alarm_rings_at", "ladder_alarm", ["rings_at"], postgresql_where="rings_at is not null")
    op.create_table(
        "ladder_step",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("target", ID, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("step", ID, nullable=False),
        sa.Column("receiver_id", ID, nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("is_escalation", sa.Boolean(), nullable=False),
        sa.Column("covered_by", sa.Text(), nullable=True),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("postmortem_id", ID, nullable=False),
        sa.Column("action_item_id", ID, nullable=True),
        *_links("ladder_step"),
        sa.PrimaryKeyConstraint("subject_id", "target", "due_at", "step", "receiver_id", name=op.f("pk_ladder_step")),
    )
    for table in ("ladder_alarm", "ladder_step"):
        for column in ("postmortem_id", "action_item_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    _remember_what_was_sent()
    op.drop_column("postmortem_target", "nudged_for")
    op.drop_column("action_item", "nudged_for")


def _links(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f(f"fk_{table}_postmortem_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["action_item_id"], ["action_item.id"], name=op.f(f"fk_{table}_action_item_id"), ondelete="CASCADE"
        ),
    )


def _remember_what_was_sent() -> None:
    """What lies before this day is not asked for again; the outbox tells each open workflow to look."""
    op.execute(
        "insert into ladder_step (subject_id, target, due_at, step, receiver_id, rung, is_escalation, occasion, sent_at,"
        " postmortem_id) select distinct on (t.postmortem_id, t.name, n.person_id) t.postmortem_id, t.name,"
        " t.nudged_for, 'due', n.person_id, 'due', false, n.dedupe_key, n.created_at, t.postmortem_id"
        " from notice n join postmortem_target t on t.postmortem_id = n.postmortem_id and t.name = n.target"
        " where n.kind = 'target_due' and t.nudged_for is not null"
        " order by t.postmortem_id, t.name, n.person_id, n.created_at desc"
    )
    op.execute(
        "insert into ladder_alarm (subject_id, postmortem_id, rings_for, looked_at, looks)"
        " select id, id, 'nothing', now(), '[]' from postmortem where status <> 'ARCHIVED'"
    )
    op.execute(
        "insert into ladder_alarm (subject_id, action_item_id, rings_for, looked_at, looks)"
        " select id, id, 'nothing', now(), '[]' from action_item where status in ('OPEN', 'IN_PROGRESS')"
    )
    op.execute("update postmortem set workflow_started = false where status in ('DRAFT', 'IN_REVIEW')")
    op.execute("update action_item set workflow_started = false where status in ('OPEN', 'IN_PROGRESS')")


def downgrade() -> None:
    op.add_column("postmortem_target", sa.Column("nudged_for", INSTANT, nullable=True))
    op.add_column("action_item", sa.Column("nudged_for", INSTANT, nullable=True))
    op.execute(
        "update postmortem_target t set nudged_for = s.due_at from ladder_step s"
        " where s.subject_id = t.postmortem_id and s.target = t.name"
    )
    op.drop_table("ladder_step")
    op.drop_table("ladder_alarm")
    op.drop_table("public_holiday")
    op.drop_constraint("hours", "person")
    for column in ("closes", "opens", "working_days", "region", "country"):
        op.drop_column("person", column)

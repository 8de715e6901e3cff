"""tickets are merged field by field over what both sides agreed on; pull requests of a ticket"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
TICKET = (
    sa.Column("base", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column("comment", sa.Text(), nullable=True),
    sa.Column("conflict", sa.Text(), nullable=True),
    sa.Column("looks_wanted", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("looks_done", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("waits", sa.Boolean(), server_default="false", nullable=False),
    sa.Column("creating_since", INSTANT, nullable=True),
    sa.Column("checked_at", INSTANT, nullable=True),
)

# what was written before is known, what the vendor made of it is not
KEEP_WRITTEN = """
    with written as (
        select id, pushed->>'title' as title, pushed->>'body' as body, case pushed->>'state'
            when 'STARTED' then 'IN_PROGRESS' when 'DONE' then 'COMPLETED' when 'CANCELLED' then 'WONT_DO'
            else 'OPEN' end as status
        from ticket where jsonb_typeof(pushed) = 'object'
    )
    update ticket set
        base = jsonb_build_object(
            'title', jsonb_build_object('ours', title, 'theirs', null, 'seen', false),
            'body', jsonb_build_object('ours', body, 'theirs', null, 'seen', false),
            'status', jsonb_build_object('ours', written.status, 'theirs', null, 'seen', false)),
        pushed = jsonb_build_object('title', title, 'body', body, 'status', written.status)
    from written where written.id = ticket.id
"""


def upgrade() -> None:
    for column in TICKET:
        op.add_column("ticket", column.copy())
    op.execute(KEEP_WRITTEN)
    op.create_index("ix_ticket_waits", "ticket", ["integration_id"], unique=False, postgresql_where=sa.text("waits"))
    op.create_index("ix_ticket_integration_id_id", "ticket", ["integration_id", "id"], unique=False)
    op.create_table(
        "pull_request",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("ticket_id", sa.Text(collation="C"), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state in ('open', 'merged', 'closed')", name=op.f("ck_pull_request_state")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_pull_request_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull_request")),
        sa.UniqueConstraint("ticket_id", "url", name=op.f("uq_pull_request_ticket_id_url")),
    )


def downgrade() -> None:
    op.drop_table("pull_request")
    op.drop_index("ix_ticket_integration_id_id", table_name="ticket")
    op.drop_index("ix_ticket_waits", table_name="ticket")
    for column in reversed(TICKET):
        op.drop_column("ticket", column.name)

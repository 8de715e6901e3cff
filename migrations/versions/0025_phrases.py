"""phrases are found by their places, and titles by their words"""

from collections.abc import Sequence

from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    **{
        f"ix_{table}_search": f"{table} using gin (search) with (gin_pending_list_limit = 256)"
        for table in ("section", "timeline_event", "comment", "action_item")
    },
    "ix_postmortem_title_words": "postmortem using gin (search_vector(title))",
}


def upgrade() -> None:
    """Nobody waits while they are built. One that an earlier attempt left half built is dropped first."""
    with op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            op.execute(f"drop index if exists {name}")
            op.execute(f"create index concurrently {name} on {definition}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"drop index {name}")

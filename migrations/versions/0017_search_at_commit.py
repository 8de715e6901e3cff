"""a postmortem's search document is made again when a transaction commits, so that nobody waits for it before"""

from collections.abc import Sequence

from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("section", "action_item", "timeline_event", "comment")
KINDS = {"trigger": "", "constraint trigger": " deferrable initially deferred"}


def _make(kind: str) -> None:
    op.execute("drop trigger search_renamed on postmortem")
    op.execute(
        f"create {kind} search_renamed after update on postmortem{KINDS[kind]}"
        " for each row when (old.title is distinct from new.title or old.tags is distinct from new.tags)"
        " execute function search_postmortem_renamed()"
    )
    for table in TABLES:
        op.execute(f"drop trigger search_reworded on {table}")
        op.execute(
            f"create {kind} search_reworded after update on {table}{KINDS[kind]} for each row"
            " when (old.search is distinct from new.search) execute function search_row_reworded()"
        )


def upgrade() -> None:
    _make("constraint trigger")


def downgrade() -> None:
    _make("trigger")

"""reports whose sender's clock was ahead take the place at which they were received, so that later ones win"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VALUES = frozenset({"timeline", "acknowledged"})
"""What holds instants that people read, rather than places in the order of reports."""


def upgrade() -> None:
    ahead = sa.text(
        "select id, registers, updated_at from incident"
        " where jsonb_path_exists(registers, '$.**.at ? (@ > $now)',"
        " jsonb_build_object('now', to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')))"
    )
    connection = op.get_bind()
    for key, registers, updated_at in connection.execute(ahead).all():
        changed = json.dumps(_placed(registers, updated_at.isoformat()))
        connection.execute(
            sa.text("update incident set registers = cast(:changed as jsonb) where id = :key"),
            {"changed": changed, "key": key},
        )


def _placed(kept: Any, latest: str) -> Any:
    """The merged document with no place after ``latest``."""
    if isinstance(kept, list):
        return [min(one, latest) if isinstance(one, str) else _placed(one, latest) for one in kept]
    if not isinstance(kept, dict):
        return kept
    return {name: _placed_fact(name, one, latest) for name, one in kept.items()}


def _placed_fact(name: str, kept: Any, latest: str) -> Any:
    if name in VALUES:
        return kept
    if name in {"at", "first_told_at"}:
        return min(kept, latest)
    return _placed(kept, latest)


def downgrade() -> None:
    """There is no way back: the places that the senders claimed are not kept."""

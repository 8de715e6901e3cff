"""services whose names differ only by case, blanks or hyphens are one: a unique key of each name, and aliases"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from domain.people.service_names import service_key

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LINKS = {"incident_service": "incident_id", "postmortem_service": "postmortem_id"}


def upgrade() -> None:
    op.add_column("service", sa.Column("key", sa.Text()))
    op.add_column("service", sa.Column("merged_into", sa.Text(collation="C")))
    op.create_foreign_key("fk_service_merged_into", "service", "service", ["merged_into"], ["id"])
    op.create_index("ix_service_merged_into", "service", ["merged_into"])
    connection = op.get_bind()
    named: dict[str, list[Any]] = defaultdict(list)
    rows = connection.execute(
        sa.text("select id, name, team_id from service order by is_active desc, team_id is null, created_at, id")
    )
    for one in rows.all():
        named[service_key(one.name)].append(one)
    for same in named.values():
        for other in same[1:]:
            _merge(connection, other, same[0])
    # an alias of the same key needs a row only if its key is another one: its name means the service already
    keys = [{"key": key, "id": same[0].id} for key, same in named.items()]
    for start in range(0, len(keys), 1000):
        connection.execute(sa.text("update service set key = :key where id = :id"), keys[start : start + 1000])
    op.alter_column("service", "key", nullable=False)
    op.create_unique_constraint("uq_service_key", "service", ["key"])


def _merge(connection: sa.Connection, other: Any, kept: Any) -> None:
    """Gives everything that the other service has to the one that is kept, and says so in the audit log."""
    ids = {"other": other.id, "kept": kept.id}
    for table, owner in LINKS.items():
        moved = (
            f"insert into {table} ({owner}, service_id{', incident_id' if table == 'postmortem_service' else ''})"  # noqa: S608
            f" select {owner}, :kept{', incident_id' if table == 'postmortem_service' else ''}"
            f" from {table} where service_id = :other on conflict do nothing"
        )
        connection.execute(sa.text(moved), ids)
        connection.execute(sa.text(f"delete from {table} where service_id = :other"), ids)  # noqa: S608
    connection.execute(sa.text("update policy set service_id = :kept where service_id = :other"), ids)
    connection.execute(
        sa.text(
            "update integration set projection = replace(projection::text, :theirs, :ours)::jsonb"
            " where projection::text like :holds"
        ),
        {"theirs": json.dumps(other.id), "ours": json.dumps(kept.id), "holds": f"%{json.dumps(other.id)}%"},
    )
    connection.execute(
        sa.text(
            "insert into audit_entry (origin, action, entity_kind, entity_id, before, after)"
            " values ('system', 'service.merged', 'service', :kept, cast(:before as jsonb), cast(:after as jsonb))"
        ),
        {
            "kept": kept.id,
            "before": json.dumps({"name": other.name, "teamId": other.team_id}),
            "after": json.dumps({"merged": other.id}),
        },
    )
    connection.execute(sa.text("delete from service where id = :other"), ids)


def downgrade() -> None:
    op.execute("delete from service where merged_into is not null")
    op.drop_column("service", "merged_into")
    op.drop_column("service", "key")

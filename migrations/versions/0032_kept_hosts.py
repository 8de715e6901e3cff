"""connections go on reaching the private hosts that they had before hosts were checked, until their host is changed"""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PUBLIC = ("github.com", "gitlab.com", "linear.app", "asana.com", "atlassian.net", "slack.com", "slack-gov.com")


def upgrade() -> None:
    op.add_column("integration", sa.Column("kept_host", sa.Text(), nullable=True))
    op.add_column("integration", sa.Column("kept_host_confirmed_at", sa.TIMESTAMP(timezone=True), nullable=True))
    connection = op.get_bind()
    rows = connection.execute(sa.text("select id, kind, config from integration where disconnected_at is null")).all()
    for integration_id, kind, config in rows:
        if host := _kept(kind, config):
            connection.execute(
                sa.text("update integration set kept_host = :host where id = :id"),
                {"host": host, "id": integration_id},
            )
            connection.execute(
                sa.text(
                    "insert into audit_entry (origin, action, entity_kind, entity_id, after)"
                    " values ('system', 'integration.host_kept', 'integration', :id, cast(:after as jsonb))"
                ),
                {"id": integration_id, "after": json.dumps({"host": host})},
            )


def _kept(kind: str, config: dict[str, object]) -> str | None:
    """None for vendors that everybody reaches, and where no host was entered."""
    if kind == "apprise":
        return "*"  # its address is a secret
    try:
        host = urlsplit(str(config.get("baseUrl") or "")).hostname or str(config.get("host") or "")
    except ValueError:
        return None
    host = host.strip("[]").lower().rstrip(".")
    is_public = any(host == one or host.endswith(f".{one}") for one in PUBLIC)
    return None if is_public else host or None


def downgrade() -> None:
    op.drop_column("integration", "kept_host_confirmed_at")
    op.drop_column("integration", "kept_host")

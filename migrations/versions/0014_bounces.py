"""the team that a notice is about; an index for letters that come back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("about_team_id", sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_notice_about_team_id"), "notice", "team", ["about_team_id"], ["id"], ondelete="CASCADE"
    )
    op.execute(
        "update notice set about_team_id = team.id from team"
        " where notice.kind = 'team_without_lead' and team.id = split_part(notice.dedupe_key, ':', 1)"
    )
    op.create_index(op.f("ix_notice_about_team_id"), "notice", ["about_team_id"], unique=False)
    op.create_index("ix_message_integration_id_sent_at", "message", ["integration_id", "sent_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_message_integration_id_sent_at", table_name="message")
    op.drop_index(op.f("ix_notice_about_team_id"), table_name="notice")
    op.drop_constraint(op.f("fk_notice_about_team_id"), "notice", type_="foreignkey")
    op.drop_column("notice", "about_team_id")

"""comments hold on to words and speak to people; links know which incident brought them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "comment_mention",
        sa.Column("comment_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_comment_mention_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_comment_mention_person_id")),
        sa.PrimaryKeyConstraint("comment_id", "person_id", name=op.f("pk_comment_mention")),
    )
    op.create_index(op.f("ix_comment_mention_person_id"), "comment_mention", ["person_id"], unique=False)
    op.add_column("comment", sa.Column("kind", sa.Text(), server_default="COMMENT", nullable=False))
    op.create_check_constraint(op.f("ck_comment_kind"), "comment", "kind in ('COMMENT', 'CHANGE_REQUEST')")
    op.add_column(
        "comment", sa.Column("anchor", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column("notice", sa.Column("comment_id", sa.Text(collation="C"), nullable=True))
    op.create_index(op.f("ix_notice_comment_id"), "notice", ["comment_id"], unique=False)
    op.create_foreign_key(op.f("fk_notice_comment_id"), "notice", "comment", ["comment_id"], ["id"], ondelete="CASCADE")
    op.add_column("postmortem_participant", sa.Column("incident_id", sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_postmortem_participant_incident_id"), "postmortem_participant", "incident", ["incident_id"], ["id"]
    )
    op.add_column("postmortem_service", sa.Column("incident_id", sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_postmortem_service_incident_id"), "postmortem_service", "incident", ["incident_id"], ["id"]
    )
    op.add_column("postmortem_team", sa.Column("incident_id", sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_postmortem_team_incident_id"), "postmortem_team", "incident", ["incident_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_postmortem_team_incident_id"), "postmortem_team", type_="foreignkey")
    op.drop_column("postmortem_team", "incident_id")
    op.drop_constraint(op.f("fk_postmortem_service_incident_id"), "postmortem_service", type_="foreignkey")
    op.drop_column("postmortem_service", "incident_id")
    op.drop_constraint(op.f("fk_postmortem_participant_incident_id"), "postmortem_participant", type_="foreignkey")
    op.drop_column("postmortem_participant", "incident_id")
    op.drop_constraint(op.f("fk_notice_comment_id"), "notice", type_="foreignkey")
    op.drop_index(op.f("ix_notice_comment_id"), table_name="notice")
    op.drop_column("notice", "comment_id")
    op.drop_column("comment", "anchor")
    op.drop_constraint(op.f("ck_comment_kind"), "comment", type_="check")
    op.drop_column("comment", "kind")
    op.drop_index(op.f("ix_comment_mention_person_id"), table_name="comment_mention")
    op.drop_table("comment_mention")

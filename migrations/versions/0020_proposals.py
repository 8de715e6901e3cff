"""who an incident report names is proposed once a person has worked on the postmortem, and gets no access before"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GRANTS = ("postmortem_participant", "postmortem_team")


def upgrade() -> None:
    op.create_table(
        "postmortem_proposal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=True),
        sa.Column("team_id", sa.Text(collation="C"), nullable=True),
        sa.Column("incident_id", sa.Text(collation="C"), nullable=True),
        sa.Column("added_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("dismissed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(person_id, team_id) = 1", name=op.f("ck_postmortem_proposal_subject")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_postmortem_proposal_{column}_{table}"))
            for column, table in (
                ("person_id", "person"),
                ("team_id", "team"),
                ("incident_id", "incident"),
                ("added_by_id", "person"),
            )
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_postmortem_proposal_postmortem_id_postmortem"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_proposal")),
        sa.UniqueConstraint(
            "postmortem_id",
            "person_id",
            "team_id",
            name=op.f("uq_postmortem_proposal_postmortem_id_person_id_team_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    for table in GRANTS:
        op.add_column(table, sa.Column("added_by_id", sa.Text(collation="C"), nullable=True))
        name = op.f(f"fk_{table}_added_by_id_person")
        op.execute(
            f"alter table {table} add constraint {name} foreign key (added_by_id) references person (id) not valid"
        )
        op.execute(f"alter table {table} validate constraint {name}")  # takes no lock that a reader waits for


def downgrade() -> None:
    for table in GRANTS:
        op.drop_column(table, "added_by_id")
    op.drop_table("postmortem_proposal")

"""sections become rows, with every revision"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "summary": "summary",
    "impact": "impact",
    "root_cause": "rootCause",
    "resolution": "resolution",
    "lessons_learned": "lessonsLearned",
    "contributing_factors": "contributingFactors",
    "detection": "detection",
    "response": "response",
}
EARLIER_SEARCH = "setweight(to_tsvector('english', title), 'A') || " + " || ".join(
    f"setweight(to_tsvector('english', left(coalesce({column}, ''), 25000)), '{'B' if column == 'summary' else 'C'}')"
    for column in COLUMNS
)


def upgrade() -> None:
    op.create_table(
        "section",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(collation="C"), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', left(body, 100000)), case when name = 'summary' then 'B'::\"char\" else 'C'::\"char\" end)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_section_postmortem_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["updated_by"], ["person.id"], name=op.f("fk_section_updated_by")),
        sa.PrimaryKeyConstraint("postmortem_id", "name", name=op.f("pk_section")),
    )
    op.create_table(
        "section_revision",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(collation="C"), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("restored_from", sa.BigInteger(), nullable=True),
        sa.Column("added_lines", sa.Integer(), nullable=False),
        sa.Column("removed_lines", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "origin in ('edit', 'merge', 'restore', 'prefill')", name=op.f("ck_section_revision_origin")
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id", "name"],
            ["section.postmortem_id", "section.name"],
            name=op.f("fk_section_revision_postmortem_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_section_revision_author_id")),
        sa.PrimaryKeyConstraint("postmortem_id", "name", "revision", name=op.f("pk_section_revision")),
    )
    for column, name in COLUMNS.items():
        op.execute(
            "insert into section (postmortem_id, name, body, revision, updated_at)"  # noqa: S608 - names of our own
            f" select id, '{name}', {column}, 1, updated_at from postmortem where {column} is not null"
        )
    op.execute(
        "insert into section_revision"
        " (postmortem_id, name, revision, body, at, origin, added_lines, removed_lines)"
        " select postmortem_id, name, 1, body, updated_at, 'prefill',"
        " case when body = '' then 0 else length(body) - length(replace(body, e'\\n', '')) + 1 end, 0 from section"
    )
    op.create_index("ix_section_search", "section", ["search"], unique=False, postgresql_using="gin")
    _search_again("setweight(to_tsvector('english', title), 'A')")
    for column in COLUMNS:
        op.drop_column("postmortem", column)


def downgrade() -> None:
    """The texts come back; their history is lost, and so are custom sections."""
    for column, name in COLUMNS.items():
        op.add_column("postmortem", sa.Column(column, sa.Text(), nullable=True))
        op.execute(
            f"update postmortem set {column} = nullif(section.body, '') from section"  # noqa: S608 - names of our own
            f" where section.postmortem_id = postmortem.id and section.name = '{name}'"
        )
    _search_again(EARLIER_SEARCH)
    op.drop_table("section_revision")
    op.drop_table("section")


def _search_again(expression: str) -> None:
    """A generated column is not changed but made anew."""
    op.drop_index("ix_postmortem_search", table_name="postmortem", postgresql_using="gin")
    op.drop_column("postmortem", "search")
    op.add_column(
        "postmortem",
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(expression, persisted=True), nullable=False),
    )
    op.create_index("ix_postmortem_search", "postmortem", ["search"], unique=False, postgresql_using="gin")

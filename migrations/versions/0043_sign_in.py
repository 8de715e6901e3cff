"""identities at identity providers, what a session was used from, and sign-in links by e-mail"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column("person", sa.Column("left_at", INSTANT, nullable=True))
    # A placeholder has never been changed and has never had a token. In doubt it counts as someone who left, whom an
    # administrator must let in.
    op.execute(
        """
        update person set left_at = now()
        where not is_active
          and (version > 1 or exists (select from api_token where api_token.person_id = person.id))
        """
    )
    for name, kind in (
        ("address", sa.Text()),
        ("user_agent", sa.Text()),
        ("provider", sa.Text()),
        ("id_token", sa.LargeBinary()),
    ):
        op.add_column("api_token", sa.Column(name, kind, nullable=True))
    op.create_table(
        "person_identity",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_identity_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_person_identity_issuer_subject")),
    )
    op.create_index(op.f("ix_person_identity_person_id"), "person_identity", ["person_id"])
    op.create_table(
        "sign_in_mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("workflow_started", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_mail")),
    )
    op.create_index(op.f("ix_sign_in_mail_workflow_started"), "sign_in_mail", ["workflow_started"])


def downgrade() -> None:
    op.drop_table("sign_in_mail")
    op.drop_table("person_identity")
    for name in ("id_token", "provider", "user_agent", "address"):
        op.drop_column("api_token", name)
    op.drop_column("person", "left_at")

"""notices are the outbox of one voice: messages, receivers' plans, addresses, preferences, teams' channels"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.Text(collation="C")
INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "voice",
        sa.Column("receiver_id", ID, nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("digest_at", INSTANT, nullable=True),
        sa.Column("last_digest_at", INSTANT, nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("unreachable_since", INSTANT, nullable=True),
        sa.Column("unreachable_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("receiver_id", name=op.f("pk_voice")),
    )
    op.create_index(op.f("ix_voice_next_at"), "voice", ["next_at"], postgresql_where=sa.text("next_at is not null"))
    op.create_table(
        "message",
        sa.Column("id", ID, nullable=False),
        sa.Column("receiver_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("integration_id", ID, nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('WAITING', 'SENT', 'VOID')", name=op.f("ck_message_state")),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name=op.f("fk_message_integration_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_receiver_id_created_at", "message", ["receiver_id", "created_at"])
    op.create_index("ix_message_waiting", "message", ["receiver_id"], postgresql_where=sa.text("state = 'WAITING'"))
    op.create_table(
        "channel_address",
        sa.Column("integration_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.Column("found_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("refused_at", INSTANT, nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_channel_address_integration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_channel_address_person_id")),
        sa.PrimaryKeyConstraint("integration_id", "person_id", name=op.f("pk_channel_address")),
    )
    op.create_index("ix_channel_address_integration_id_address", "channel_address", ["integration_id", "address"])
    op.create_index(op.f("ix_channel_address_person_id"), "channel_address", ["person_id"])

    op.add_column("integration", sa.Column("attention_of", sa.Text(), nullable=True))
    op.add_column("team", sa.Column("channel_id", ID, nullable=True))
    op.add_column("team", sa.Column("channel_address", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_team_channel_id"), "team", "integration", ["channel_id"], ["id"], ondelete="SET NULL"
    )

    op.add_column("person", sa.Column("delegate_id", ID, nullable=True))
    op.add_column("person", sa.Column("preferred_minute", sa.Integer(), nullable=True))
    op.add_column("person", sa.Column("quiet_from", sa.Integer(), nullable=True))
    op.add_column("person", sa.Column("quiet_until", sa.Integer(), nullable=True))
    op.add_column("person", sa.Column("muted_kinds", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("person", sa.Column("preferred_channel", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("snoozed_until", INSTANT, nullable=True))
    op.create_foreign_key(op.f("fk_person_delegate_id"), "person", "person", ["delegate_id"], ["id"])
    op.create_check_constraint(op.f("ck_person_preferred_minute"), "person", "preferred_minute between 0 and 1439")
    op.create_check_constraint(
        op.f("ck_person_quiet"),
        "person",
        "(quiet_from is null) = (quiet_until is null)"
        " and quiet_from between 0 and 1439 and quiet_until between 0 and 1439",
    )

    op.alter_column("notice", "person_id", existing_type=ID, nullable=True)
    op.add_column("notice", sa.Column("team_id", ID, nullable=True))
    op.add_column("notice", sa.Column("integration_id", ID, nullable=True))
    op.add_column("notice", sa.Column("on_behalf_of_id", ID, nullable=True))
    op.add_column("notice", sa.Column("is_escalation", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("notice", sa.Column("is_heard", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("notice", sa.Column("settled_at", INSTANT, nullable=True))
    op.add_column("notice", sa.Column("outcome", sa.Text(), nullable=True))
    op.add_column("notice", sa.Column("message_id", ID, nullable=True))
    # What came before there was a voice was told in the inbox: nobody is flooded with it now.
    op.execute("update notice set is_heard = true, settled_at = created_at, outcome = 'TOLD'")
    op.create_foreign_key(op.f("fk_notice_team_id"), "notice", "team", ["team_id"], ["id"], ondelete="CASCADE")
    op.create_foreign_key(
        op.f("fk_notice_integration_id"), "notice", "integration", ["integration_id"], ["id"], ondelete="CASCADE"
    )
    op.create_foreign_key(op.f("fk_notice_on_behalf_of_id"), "notice", "person", ["on_behalf_of_id"], ["id"])
    op.create_foreign_key(op.f("fk_notice_message_id"), "notice", "message", ["message_id"], ["id"])
    op.create_check_constraint(op.f("ck_notice_receiver"), "notice", "num_nonnulls(person_id, team_id) = 1")
    op.create_index("uq_notice_team_id_dedupe_key", "notice", ["team_id", "dedupe_key"], unique=True)
    op.create_index("ix_notice_outbox", "notice", ["created_at"], postgresql_where=sa.text("not is_heard"))
    op.create_index(
        "ix_notice_waiting", "notice", ["person_id", "team_id"], postgresql_where=sa.text("settled_at is null")
    )
    op.create_index(
        "ix_notice_message_id", "notice", ["message_id"], postgresql_where=sa.text("message_id is not null")
    )


def downgrade() -> None:
    op.execute("delete from notice where person_id is null")
    for name in ("ix_notice_message_id", "ix_notice_waiting", "ix_notice_outbox", "uq_notice_team_id_dedupe_key"):
        op.drop_index(name, table_name="notice")
    op.drop_constraint(op.f("ck_notice_receiver"), "notice", type_="check")
    for name in ("message_id", "on_behalf_of_id", "integration_id", "team_id"):
        op.drop_constraint(op.f(f"fk_notice_{name}"), "notice", type_="foreignkey")
    for name in (
        "message_id",
        "outcome",
        "settled_at",
        "is_heard",
        "is_escalation",
        "on_behalf_of_id",
        "integration_id",
        "team_id",
    ):
        op.drop_column("notice", name)
    op.alter_column("notice", "person_id", existing_type=ID, nullable=False)
    op.drop_constraint(op.f("ck_person_quiet"), "person", type_="check")
    op.drop_constraint(op.f("ck_person_preferred_minute"), "person", type_="check")
    op.drop_constraint(op.f("fk_person_delegate_id"), "person", type_="foreignkey")
    for name in (
        "snoozed_until",
        "preferred_channel",
        "muted_kinds",
        "quiet_until",
        "quiet_from",
        "preferred_minute",
        "delegate_id",
    ):
        op.drop_column("person", name)
    op.drop_constraint(op.f("fk_team_channel_id"), "team", type_="foreignkey")
    op.drop_column("team", "channel_address")
    op.drop_column("team", "channel_id")
    op.drop_column("integration", "attention_of")
    op.drop_table("channel_address")
    op.drop_table("message")
    op.drop_table("voice")

"""review meetings, who is invited, and calendars"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "own_calendar",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("busy", postgresql.JSONB(), nullable=True),
        sa.Column("busy_at", INSTANT, nullable=True),
        sa.Column("busy_from", INSTANT, nullable=True),
        sa.Column("busy_until", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_own_calendar_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_own_calendar"),
    )
    op.create_index("uq_own_calendar_person_id_address", "own_calendar", ["person_id", "address"], unique=True)
    op.create_table(
        "meeting",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("postmortem_id", ID, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_additional", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("organizer_id", ID, nullable=False),
        sa.Column("organizer_mailed", sa.BigInteger(), nullable=True),
        sa.Column("tells_outsiders", sa.Boolean(), nullable=False),
        sa.Column("follows_target", sa.Boolean(), nullable=False),
        sa.Column("target_at", INSTANT, nullable=True),
        sa.Column("conference_kind", sa.Text(), nullable=False),
        sa.Column("conference_integration_id", ID, nullable=True),
        sa.Column("conference_id", sa.Text(), nullable=True),
        sa.Column("conference_url", sa.Text(), nullable=True),
        sa.Column("integration_id", ID, nullable=True),
        sa.Column("calendar_state", sa.Text(), nullable=True),
        sa.Column("calendar_problem", sa.Text(), nullable=True),
        sa.Column("calendar_url", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("remote_revision", sa.Text(), nullable=True),
        sa.Column("agreed", postgresql.JSONB(), nullable=True),
        sa.Column("generation", sa.SmallInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.BigInteger(), nullable=False),
        sa.Column("told_request", sa.BigInteger(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.Column("held_at", INSTANT, nullable=True),
        sa.Column("cancelled_reason", sa.Text(), nullable=True),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "calendar_state is null or calendar_state in ('PENDING', 'OK', 'REFUSED')",
            name=op.f("ck_meeting_calendar_state"),
        ),
        sa.CheckConstraint(
            "conference_kind in ('google_meet', 'zoom', 'teams', 'team_room', 'none')",
            name=op.f("ck_meeting_conference_kind"),
        ),
        sa.CheckConstraint("status in ('SCHEDULED', 'CANCELLED', 'HELD')", name=op.f("ck_meeting_status")),
        sa.CheckConstraint("minutes between 5 and 480", name=op.f("ck_meeting_minutes")),
        sa.ForeignKeyConstraint(
            ["conference_integration_id"], ["integration.id"], name="fk_meeting_conference_integration_id"
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name="fk_meeting_created_by_id"),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name="fk_meeting_integration_id"),
        sa.ForeignKeyConstraint(["organizer_id"], ["person.id"], name="fk_meeting_organizer_id"),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name="fk_meeting_postmortem_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_meeting"),
    )
    op.create_index("ix_meeting_integration_id", "meeting", ["integration_id"])
    op.create_index("ix_meeting_next_at", "meeting", ["next_at"], postgresql_where="next_at is not null")
    op.create_index("ix_meeting_organizer_id", "meeting", ["organizer_id"])
    op.create_index("ix_meeting_outbox", "meeting", ["id"], postgresql_where="not workflow_started")
    op.create_index("ix_meeting_postmortem_id_id", "meeting", ["postmortem_id", "id"])
    op.create_index(
        "uq_meeting_open",
        "meeting",
        ["postmortem_id"],
        unique=True,
        postgresql_where="status = 'SCHEDULED' and not is_additional",
    )
    op.create_table(
        "meeting_attendee",
        sa.Column("meeting_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("responded_at", INSTANT, nullable=True),
        sa.Column("mailed", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "response in ('NEEDS_ACTION', 'ACCEPTED', 'TENTATIVE', 'DECLINED')",
            name=op.f("ck_meeting_attendee_response"),
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name="fk_meeting_attendee_meeting_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_meeting_attendee_person_id"),
        sa.PrimaryKeyConstraint("meeting_id", "address", name="pk_meeting_attendee"),
    )
    op.create_index("ix_meeting_attendee_person_id", "meeting_attendee", ["person_id"])
    op.add_column("notice", sa.Column("meeting_id", ID, nullable=True))
    op.create_index("ix_notice_meeting_id", "notice", ["meeting_id"])
    op.create_foreign_key("fk_notice_meeting_id", "notice", "meeting", ["meeting_id"], ["id"], ondelete="CASCADE")
    op.add_column("team", sa.Column("room_kind", sa.Text(), nullable=True))
    op.add_column("team", sa.Column("room_url", sa.Text(), nullable=True))
    op.add_column("team", sa.Column("slot_weekday", sa.SmallInteger(), nullable=True))
    op.add_column("team", sa.Column("slot_opens", sa.SmallInteger(), nullable=True))
    op.add_column("team", sa.Column("slot_minutes", sa.SmallInteger(), nullable=True))
    op.add_column("team", sa.Column("slot_zone", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_team_slot"), "team", "num_nonnulls(slot_weekday, slot_opens, slot_minutes, slot_zone) in (0, 4)"
    )


def downgrade() -> None:
    op.drop_column("team", "slot_zone")
    op.drop_column("team", "slot_minutes")
    op.drop_column("team", "slot_opens")
    op.drop_column("team", "slot_weekday")
    op.drop_column("team", "room_url")
    op.drop_column("team", "room_kind")
    op.drop_constraint("fk_notice_meeting_id", "notice", type_="foreignkey")
    op.drop_index("ix_notice_meeting_id", table_name="notice")
    op.drop_column("notice", "meeting_id")
    op.drop_index("ix_meeting_attendee_person_id", table_name="meeting_attendee")
    op.drop_table("meeting_attendee")
    op.drop_index(
        "uq_meeting_open", table_name="meeting", postgresql_where="status = 'SCHEDULED' and not is_additional"
    )
    op.drop_index("ix_meeting_postmortem_id_id", table_name="meeting")
    op.drop_index("ix_meeting_outbox", table_name="meeting", postgresql_where="not workflow_started")
    op.drop_index("ix_meeting_organizer_id", table_name="meeting")
    op.drop_index("ix_meeting_next_at", table_name="meeting", postgresql_where="next_at is not null")
    op.drop_index("ix_meeting_integration_id", table_name="meeting")
    op.drop_table("meeting")
    op.drop_index("uq_own_calendar_person_id_address", table_name="own_calendar")
    op.drop_table("own_calendar")

"""first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_id", sa.Text(collation="C"), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity_kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(collation="C"), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_entity_id_id", "audit_entry", ["entity_id", "id"], unique=False)
    op.create_index("ix_audit_entry_postmortem_id_id", "audit_entry", ["postmortem_id", "id"], unique=False)
    op.create_table(
        "command_argument",
        sa.Column("request_id", sa.Text(collation="C"), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_command_argument")),
    )
    op.create_table(
        "command_log",
        sa.Column("entity_id", sa.Text(collation="C"), nullable=False),
        sa.Column("request_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(collation="C"), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "request_id", name=op.f("pk_command_log")),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_idempotency_record")),
    )
    op.create_index(op.f("ix_idempotency_record_created_at"), "idempotency_record", ["created_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("notification_preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("away_from", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("away_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role in ('ADMIN', 'RESPONDER', 'MEMBER')", name=op.f("ck_person_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_person_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        sa.UniqueConstraint("handle", name=op.f("uq_person_handle")),
    )
    op.create_table(
        "worker_presence",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_presence")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_token_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_person_id"), "api_token", ["person_id"], unique=False)
    op.create_table(
        "integration",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("needs_attention", sa.Text(), nullable=True),
        sa.Column("created_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_integration_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration")),
    )
    op.create_index(op.f("ix_integration_kind"), "integration", ["kind"], unique=False)
    op.create_table(
        "postmortem",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("content_revision", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("impact", sa.Text(), nullable=True),
        sa.Column("root_cause", sa.Text(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("lessons_learned", sa.Text(), nullable=True),
        sa.Column("contributing_factors", sa.Text(), nullable=True),
        sa.Column("detection", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("impact_metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("root_cause_category", sa.Text(), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Text(collation="C"), nullable=True),
        sa.Column("template_id", sa.Text(collation="C"), nullable=True),
        sa.Column("policy_id", sa.Text(collation="C"), nullable=False),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("publish_on_approval", sa.Boolean(), nullable=False),
        sa.Column("incident_resolved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("draft_started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("archived_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', left(coalesce(summary, ''), 25000)), 'B') || setweight(to_tsvector('english', left(coalesce(impact, ''), 25000)), 'C') || setweight(to_tsvector('english', left(coalesce(root_cause, ''), 25000)), 'C') || setweight(to_tsvector('english', left(coalesce(resolution, ''), 25000)), 'C') || setweight(to_tsvector('english', left(coalesce(lessons_learned, ''), 25000)), 'C') || setweight(to_tsvector('english', left(coalesce(contributing_factors, ''), 25000)), 'C') || setweight(to_tsvector('english', left(coalesce(detection, ''), 25000)), 'C') || setweight(to_tsvector('english', left(coalesce(response, ''), 25000)), 'C')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status in ('DRAFT', 'IN_REVIEW', 'PUBLISHED', 'ARCHIVED')", name=op.f("ck_postmortem_status")
        ),
        sa.CheckConstraint("visibility in ('PRIVATE', 'TEAM', 'ORGANIZATION')", name=op.f("ck_postmortem_visibility")),
        sa.CheckConstraint("length(title) between 1 and 300", name=op.f("ck_postmortem_title")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_postmortem_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem")),
        sa.UniqueConstraint("number", name=op.f("uq_postmortem_number")),
    )
    op.create_index("ix_postmortem_author_id_created_at", "postmortem", ["author_id", "created_at"], unique=False)
    op.create_index("ix_postmortem_created_at_id", "postmortem", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_postmortem_outbox", "postmortem", ["created_at"], unique=False, postgresql_where="not workflow_started"
    )
    op.create_index("ix_postmortem_search", "postmortem", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_postmortem_status_created_at_id", "postmortem", ["status", "created_at", "id"], unique=False)
    op.create_index("ix_postmortem_tags", "postmortem", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "team",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["person.id"], name=op.f("fk_team_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "action_item",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Text(collation="C"), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=True),
        sa.Column("due_on_moves", sa.Integer(), nullable=False),
        sa.Column("snoozed_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("nudged_for", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("workflow_started", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("priority in ('HIGH', 'MEDIUM', 'LOW')", name=op.f("ck_action_item_priority")),
        sa.CheckConstraint("status <> 'WONT_DO' or justification is not null", name=op.f("ck_action_item_justified")),
        sa.CheckConstraint(
            "status in ('OPEN', 'IN_PROGRESS', 'COMPLETED', 'WONT_DO')", name=op.f("ck_action_item_status")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_action_item_owner_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_action_item_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item")),
    )
    op.create_index("ix_action_item_created_at_id", "action_item", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_action_item_due_on",
        "action_item",
        ["due_on"],
        unique=False,
        postgresql_where="status in ('OPEN', 'IN_PROGRESS')",
    )
    op.create_index(
        "ix_action_item_outbox", "action_item", ["created_at"], unique=False, postgresql_where="not workflow_started"
    )
    op.create_index("ix_action_item_owner_id_status", "action_item", ["owner_id", "status"], unique=False)
    op.create_index(
        "ix_action_item_postmortem_id_created_at", "action_item", ["postmortem_id", "created_at"], unique=False
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_id", sa.Text(collation="C"), nullable=True),
        sa.Column("author_id", sa.Text(collation="C"), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolved_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_comment_author_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["comment.id"], name=op.f("fk_comment_parent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_comment_postmortem_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["person.id"], name=op.f("fk_comment_resolved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_index(op.f("ix_comment_parent_id"), "comment", ["parent_id"], unique=False)
    op.create_index("ix_comment_postmortem_id_id", "comment", ["postmortem_id", "id"], unique=False)
    op.create_index(
        "ix_comment_unresolved",
        "comment",
        ["postmortem_id"],
        unique=False,
        postgresql_where="parent_id is null and resolved_at is null",
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("registers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("team_id", sa.Text(collation="C"), nullable=True),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status in ('OPEN', 'ACKNOWLEDGED', 'RESOLVED')", name=op.f("ck_incident_status")),
        sa.CheckConstraint("urgency in ('HIGH', 'LOW')", name=op.f("ck_incident_urgency")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_incident_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_incident_source_external_id")),
    )
    op.create_index("ix_incident_created_at_id", "incident", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_incident_team_id"), "incident", ["team_id"], unique=False)
    op.create_table(
        "postmortem_editor",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("level in ('EDIT', 'COMMENT')", name=op.f("ck_postmortem_editor_level")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_postmortem_editor_person_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_postmortem_editor_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "person_id", name=op.f("pk_postmortem_editor")),
    )
    op.create_index(op.f("ix_postmortem_editor_person_id"), "postmortem_editor", ["person_id"], unique=False)
    op.create_table(
        "postmortem_participant",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_postmortem_participant_person_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_postmortem_participant_postmortem_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "person_id", name=op.f("pk_postmortem_participant")),
    )
    op.create_index(op.f("ix_postmortem_participant_person_id"), "postmortem_participant", ["person_id"], unique=False)
    op.create_table(
        "postmortem_reviewer",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_revision", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("decision in ('APPROVE', 'REQUEST_CHANGES')", name=op.f("ck_postmortem_reviewer_decision")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_postmortem_reviewer_person_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_postmortem_reviewer_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "person_id", name=op.f("pk_postmortem_reviewer")),
    )
    op.create_index(op.f("ix_postmortem_reviewer_person_id"), "postmortem_reviewer", ["person_id"], unique=False)
    op.create_table(
        "postmortem_target",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("extended_to", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("met_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("waived_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("slips", sa.Integer(), nullable=False),
        sa.Column("nudged_for", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "name in ('draft_started', 'draft_completed', 'review_completed', 'published')",
            name=op.f("ck_postmortem_target_name"),
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_postmortem_target_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "name", name=op.f("pk_postmortem_target")),
    )
    op.create_index(
        "ix_postmortem_target_pending",
        "postmortem_target",
        ["due_at"],
        unique=False,
        postgresql_where="met_at is null and waived_at is null",
    )
    op.create_table(
        "postmortem_team",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("team_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_postmortem_team_postmortem_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_postmortem_team_team_id")),
        sa.PrimaryKeyConstraint("postmortem_id", "team_id", name=op.f("pk_postmortem_team")),
    )
    op.create_index(op.f("ix_postmortem_team_team_id"), "postmortem_team", ["team_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("decision in ('APPROVE', 'REQUEST_CHANGES')", name=op.f("ck_review_decision")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_person_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_review_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index("ix_review_postmortem_id_id", "review", ["postmortem_id", "id"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(collation="C"), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_service_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("name", name=op.f("uq_service_name")),
    )
    op.create_index(op.f("ix_service_team_id"), "service", ["team_id"], unique=False)
    op.create_table(
        "sync_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_id", sa.Text(collation="C"), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("action_item_id", sa.Text(collation="C"), nullable=True),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("direction in ('IN', 'OUT')", name=op.f("ck_sync_attempt_direction")),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name=op.f("fk_sync_attempt_integration_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_attempt")),
    )
    op.create_index("ix_sync_attempt_integration_id_id", "sync_attempt", ["integration_id", "id"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_team_member_person_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_person_id"), "team_member", ["person_id"], unique=False)
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(collation="C"), nullable=True),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("handled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_webhook_delivery_integration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint(
            "integration_id",
            "delivery_id",
            name=op.f("uq_webhook_delivery_integration_id_delivery_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_webhook_delivery_pending",
        "webhook_delivery",
        ["received_at"],
        unique=False,
        postgresql_where="handled_at is null",
    )
    op.create_table(
        "incident_responder",
        sa.Column("incident_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_responder_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_incident_responder_person_id")),
        sa.PrimaryKeyConstraint("incident_id", "person_id", name=op.f("pk_incident_responder")),
    )
    op.create_index(op.f("ix_incident_responder_person_id"), "incident_responder", ["person_id"], unique=False)
    op.create_table(
        "incident_service",
        sa.Column("incident_id", sa.Text(collation="C"), nullable=False),
        sa.Column("service_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_service_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_incident_service_service_id")),
        sa.PrimaryKeyConstraint("incident_id", "service_id", name=op.f("pk_incident_service")),
    )
    op.create_index(
        "ix_incident_service_service_id_incident_id", "incident_service", ["service_id", "incident_id"], unique=False
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=True),
        sa.Column("action_item_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_item_id"], ["action_item.id"], name=op.f("fk_notice_action_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_person_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_notice_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_action_item_id"), "notice", ["action_item_id"], unique=False)
    op.create_index("ix_notice_person_id_id", "notice", ["person_id", "id"], unique=False)
    op.create_index("ix_notice_postmortem_id", "notice", ["postmortem_id"], unique=False)
    op.create_index("uq_notice_person_id_dedupe_key", "notice", ["person_id", "dedupe_key"], unique=True)
    op.create_table(
        "policy",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("service_id", sa.Text(collation="C"), nullable=True),
        sa.Column("team_id", sa.Text(collation="C"), nullable=True),
        sa.Column("hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("min_reviewers", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_policy_service_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_policy_team_id")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_policy")),
    )
    op.create_index("ix_policy_is_current", "policy", ["is_current"], unique=False, postgresql_where="is_current")
    op.create_table(
        "postmortem_incident",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("incident_id", sa.Text(collation="C"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_postmortem_incident_incident_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_postmortem_incident_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "incident_id", name=op.f("pk_postmortem_incident")),
    )
    op.create_index(op.f("ix_postmortem_incident_incident_id"), "postmortem_incident", ["incident_id"], unique=False)
    op.create_table(
        "postmortem_service",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("service_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_postmortem_service_postmortem_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_postmortem_service_service_id")),
        sa.PrimaryKeyConstraint("postmortem_id", "service_id", name=op.f("pk_postmortem_service")),
    )
    op.create_index(op.f("ix_postmortem_service_service_id"), "postmortem_service", ["service_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("action_item_id", sa.Text(collation="C"), nullable=False),
        sa.Column("integration_id", sa.Text(collation="C"), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("pointer", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("link_state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("pushed", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "link_state in ('pending', 'ok', 'refused', 'moved', 'deleted', 'forbidden')",
            name=op.f("ck_ticket_link_state"),
        ),
        sa.ForeignKeyConstraint(
            ["action_item_id"], ["action_item.id"], name=op.f("fk_ticket_action_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name=op.f("fk_ticket_integration_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("action_item_id", "integration_id", name=op.f("uq_ticket_action_item_id_integration_id")),
        sa.UniqueConstraint("integration_id", "external_id", name=op.f("uq_ticket_integration_id_external_id")),
    )
    op.create_table(
        "timeline_event",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(collation="C"), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_timeline_event_incident_id")),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_timeline_event_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_event")),
    )
    op.create_index(
        "ix_timeline_event_postmortem_id_at_id", "timeline_event", ["postmortem_id", "at", "id"], unique=False
    )


def downgrade() -> None:

    op.drop_index("ix_timeline_event_postmortem_id_at_id", table_name="timeline_event")
    op.drop_table("timeline_event")
    op.drop_table("ticket")
    op.drop_index(op.f("ix_postmortem_service_service_id"), table_name="postmortem_service")
    op.drop_table("postmortem_service")
    op.drop_index(op.f("ix_postmortem_incident_incident_id"), table_name="postmortem_incident")
    op.drop_table("postmortem_incident")
    op.drop_index("ix_policy_is_current", table_name="policy", postgresql_where="is_current")
    op.drop_table("policy")
    op.drop_index("uq_notice_person_id_dedupe_key", table_name="notice")
    op.drop_index("ix_notice_postmortem_id", table_name="notice")
    op.drop_index("ix_notice_person_id_id", table_name="notice")
    op.drop_index(op.f("ix_notice_action_item_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_index("ix_incident_service_service_id_incident_id", table_name="incident_service")
    op.drop_table("incident_service")
    op.drop_index(op.f("ix_incident_responder_person_id"), table_name="incident_responder")
    op.drop_table("incident_responder")
    op.drop_index("ix_webhook_delivery_pending", table_name="webhook_delivery", postgresql_where="handled_at is null")
    op.drop_table("webhook_delivery")
    op.drop_index(op.f("ix_team_member_person_id"), table_name="team_member")
    op.drop_table("team_member")
    op.drop_index("ix_sync_attempt_integration_id_id", table_name="sync_attempt")
    op.drop_table("sync_attempt")
    op.drop_index(op.f("ix_service_team_id"), table_name="service")
    op.drop_table("service")
    op.drop_index("ix_review_postmortem_id_id", table_name="review")
    op.drop_table("review")
    op.drop_index(op.f("ix_postmortem_team_team_id"), table_name="postmortem_team")
    op.drop_table("postmortem_team")
    op.drop_index(
        "ix_postmortem_target_pending",
        table_name="postmortem_target",
        postgresql_where="met_at is null and waived_at is null",
    )
    op.drop_table("postmortem_target")
    op.drop_index(op.f("ix_postmortem_reviewer_person_id"), table_name="postmortem_reviewer")
    op.drop_table("postmortem_reviewer")
    op.drop_index(op.f("ix_postmortem_participant_person_id"), table_name="postmortem_participant")
    op.drop_table("postmortem_participant")
    op.drop_index(op.f("ix_postmortem_editor_person_id"), table_name="postmortem_editor")
    op.drop_table("postmortem_editor")
    op.drop_index(op.f("ix_incident_team_id"), table_name="incident")
    op.drop_index("ix_incident_created_at_id", table_name="incident")
    op.drop_table("incident")
    op.drop_index(
        "ix_comment_unresolved", table_name="comment", postgresql_where="parent_id is null and resolved_at is null"
    )
    op.drop_index("ix_comment_postmortem_id_id", table_name="comment")
    op.drop_index(op.f("ix_comment_parent_id"), table_name="comment")
    op.drop_table("comment")
    op.drop_index("ix_action_item_postmortem_id_created_at", table_name="action_item")
    op.drop_index("ix_action_item_owner_id_status", table_name="action_item")
    op.drop_index("ix_action_item_outbox", table_name="action_item", postgresql_where="not workflow_started")
    op.drop_index(
        "ix_action_item_due_on", table_name="action_item", postgresql_where="status in ('OPEN', 'IN_PROGRESS')"
    )
    op.drop_index("ix_action_item_created_at_id", table_name="action_item")
    op.drop_table("action_item")
    op.drop_table("team")
    op.drop_index("ix_postmortem_tags", table_name="postmortem", postgresql_using="gin")
    op.drop_index("ix_postmortem_status_created_at_id", table_name="postmortem")
    op.drop_index("ix_postmortem_search", table_name="postmortem", postgresql_using="gin")
    op.drop_index("ix_postmortem_outbox", table_name="postmortem", postgresql_where="not workflow_started")
    op.drop_index("ix_postmortem_created_at_id", table_name="postmortem")
    op.drop_index("ix_postmortem_author_id_created_at", table_name="postmortem")
    op.drop_table("postmortem")
    op.drop_index(op.f("ix_integration_kind"), table_name="integration")
    op.drop_table("integration")
    op.drop_index(op.f("ix_api_token_person_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_table("worker_presence")
    op.drop_table("person")
    op.drop_index(op.f("ix_idempotency_record_created_at"), table_name="idempotency_record")
    op.drop_table("idempotency_record")
    op.drop_table("command_log")
    op.drop_table("command_argument")
    op.drop_index("ix_audit_entry_postmortem_id_id", table_name="audit_entry")
    op.drop_index("ix_audit_entry_entity_id_id", table_name="audit_entry")
    op.drop_table("audit_entry")

"""Postmortems and everything that hangs on one."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.access import EditorLevel, Visibility
from domain.comments.comment import CommentKind
from domain.escalation.targets import TargetName
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision
from domain.timeline.moments import Precision
from models.base import Base, CreatedAt, Id, Instant, Key, Vector, Version, one_of, search_index
from models.content import Section, TemplateVersion
from models.team import Service


class Postmortem(Base):
    """``visibility`` is null until somebody chooses; the template for one from before there were templates.
    ``content_revision`` moves with every change of content, and approvals are given on one. ``workflow_started`` false
    makes the row its own outbox. ``published_at`` goes when it is taken back; the database itself keeps
    ``first_published_at``, which is null and not *known* where the audit log no longer told it. ``imported_from`` names
    the import and its ``source``; an imported one has no targets, and no workflow until somebody works with it."""

    __tablename__ = "postmortem"
    __table_args__ = (
        CheckConstraint(one_of("status", Status), name="status"),
        CheckConstraint(one_of("visibility", Visibility), name="visibility"),
        CheckConstraint("length(title) between 1 and 300", name="title"),
        ForeignKeyConstraint(
            ["template_id", "template_version"], ["template_version.template_id", "template_version.version"]
        ),
        CheckConstraint("(template_id is null) = (template_version is null)", name="template"),
        Index("ix_postmortem_created_at_id", "created_at", "id"),
        Index("ix_postmortem_updated_at_id", "updated_at", "id"),
        Index("ix_postmortem_status_created_at_id", "status", "created_at", "id"),
        Index("ix_postmortem_author_id_created_at", "author_id", "created_at"),
        Index("ix_postmortem_first_published_at", "first_published_at"),
        Index(
            "ix_postmortem_counted",
            "id",
            postgresql_include=["status", "visibility", "author_id"],
            postgresql_where="imported_from is null",
        ),
        Index("ix_postmortem_outbox", "created_at", postgresql_where="not workflow_started"),
        Index("ix_postmortem_tags", "tags", postgresql_using="gin"),
        Index(
            "ix_postmortem_root_cause_category",
            text("lower(root_cause_category)"),
            postgresql_where=text("root_cause_category is not null"),
        ),
        Index("ix_postmortem_title", text("lower(title)"), "id"),
        Index("ix_postmortem_status_title", "status", text("lower(title)"), "id"),
        Index("ix_postmortem_title_words", text("search_vector(title)"), postgresql_using="gin"),
    )

    id: Mapped[Key]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    version: Mapped[Version]
    content_revision: Mapped[int] = mapped_column(BigInteger, default=1)
    status: Mapped[str] = mapped_column(default=Status.DRAFT.value)
    visibility: Mapped[str | None]
    title: Mapped[str]
    impact_metrics: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    root_cause_category: Mapped[str | None]
    duration_minutes: Mapped[int | None]
    author_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    template_id: Mapped[Id | None]
    template_version: Mapped[int | None] = mapped_column(BigInteger)
    policy_id: Mapped[Id]
    policy_version: Mapped[int] = mapped_column(BigInteger)
    publish_on_approval: Mapped[bool] = mapped_column(default=False)
    incident_resolved_at: Mapped[Instant | None]
    draft_started_at: Mapped[Instant | None]
    submitted_at: Mapped[Instant | None]
    reviewed_at: Mapped[Instant | None]
    published_at: Mapped[Instant | None]
    first_published_at: Mapped[Instant | None] = mapped_column(deferred=True, deferred_raiseload=True)
    first_published_at_known: Mapped[bool] = mapped_column(
        server_default="true", deferred=True, deferred_raiseload=True
    )
    archived_at: Mapped[Instant | None]
    imported_from: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    workflow_started: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    template: Mapped[TemplateVersion | None] = relationship(lazy="raise", viewonly=True)
    sections: Mapped[list[Section]] = relationship(lazy="raise", viewonly=True, order_by=Section.name)
    incidents: Mapped[list["PostmortemIncident"]] = relationship(
        lazy="raise", viewonly=True, order_by="PostmortemIncident.ordinal"
    )
    services: Mapped[list[Service]] = relationship(
        secondary="postmortem_service", lazy="raise", viewonly=True, order_by=Service.name
    )
    teams: Mapped[list["PostmortemTeam"]] = relationship(lazy="raise", viewonly=True)
    participants: Mapped[list["PostmortemParticipant"]] = relationship(
        lazy="raise", viewonly=True, order_by="PostmortemParticipant.ordinal"
    )
    editors: Mapped[list["PostmortemEditor"]] = relationship(
        lazy="raise", viewonly=True, order_by="PostmortemEditor.person_id"
    )
    reviewers: Mapped[list["PostmortemReviewer"]] = relationship(
        lazy="raise", viewonly=True, order_by="PostmortemReviewer.added_at"
    )
    timeline: Mapped[list["TimelineEvent"]] = relationship(
        lazy="raise", viewonly=True, order_by="(TimelineEvent.at, TimelineEvent.ordinal)"
    )
    targets: Mapped[list["PostmortemTarget"]] = relationship(
        lazy="raise", viewonly=True, order_by="PostmortemTarget.due_at"
    )


class PostmortemIncident(Base):
    __tablename__ = "postmortem_incident"

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    incident_id: Mapped[Key] = mapped_column(ForeignKey("incident.id"), index=True)
    ordinal: Mapped[int] = mapped_column(default=0)


class PostmortemTeam(Base):
    """``incident_id`` is the linked incident that brought the team (the service, the participant): unlinking takes it
    away again. Null where a person did. ``added_by_id`` is whoever let it in; null for a draft that opened by itself.

    Each row grants access: what is only proposed is in ``postmortem_proposal``."""

    __tablename__ = "postmortem_team"
    __table_args__ = (Index("ix_postmortem_team_team_id_postmortem_id", "team_id", "postmortem_id"),)

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    team_id: Mapped[Key] = mapped_column(ForeignKey("team.id"))
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id"))
    added_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))


class PostmortemService(Base):
    __tablename__ = "postmortem_service"

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    service_id: Mapped[Key] = mapped_column(ForeignKey("service.id"), index=True)
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id"))


class PostmortemParticipant(Base):
    __tablename__ = "postmortem_participant"
    __table_args__ = (Index("ix_postmortem_participant_person_id_postmortem_id", "person_id", "postmortem_id"),)

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"))
    ordinal: Mapped[int] = mapped_column(default=0)
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id"))
    added_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))


class PostmortemEditor(Base):
    __tablename__ = "postmortem_editor"
    __table_args__ = (
        CheckConstraint(one_of("level", EditorLevel), name="level"),
        Index("ix_postmortem_editor_person_id_postmortem_id", "person_id", "postmortem_id"),
    )

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"))
    level: Mapped[str]
    added_at: Mapped[CreatedAt]


class PostmortemReviewer(Base):
    """The latest decision of each reviewer; all of them are in ``review``.

    ``reminded_at`` is when a person last reminded them. ``waived_at`` says that publishing does not wait for them."""

    __tablename__ = "postmortem_reviewer"
    __table_args__ = (
        CheckConstraint(one_of("decision", Decision), name="decision"),
        CheckConstraint("(waived_at is null) = (waived_reason is null)", name="waived"),
        Index("ix_postmortem_reviewer_person_id_postmortem_id", "person_id", "postmortem_id"),
    )

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str | None]
    decided_revision: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[Instant | None]
    reminded_at: Mapped[Instant | None]
    waived_at: Mapped[Instant | None]
    waived_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    waived_reason: Mapped[str | None]
    added_at: Mapped[CreatedAt]


class Review(Base):
    """One decision, on one content revision, and on these revisions of its sections, by name: null for decisions from
    before these were kept. Never changed."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint(one_of("decision", Decision), name="decision"),
        Index("ix_review_postmortem_id_id", "postmortem_id", "id"),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str]
    comment: Mapped[str | None]
    revision: Mapped[int] = mapped_column(BigInteger)
    section_revisions: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[CreatedAt]


class TimelineEvent(Base):
    """``at`` is the earliest instant meant, known to within ``precision``. ``ordinal`` grows with each insert: it keeps
    the order of events of one instant. ``external_id`` names a chat message, so that it comes only once."""

    __tablename__ = "timeline_event"
    __table_args__ = (
        search_index("timeline_event"),
        CheckConstraint(one_of("precision", Precision), name="precision"),
        Index("ix_timeline_event_postmortem_id_at_ordinal", "postmortem_id", "at", "ordinal"),
        Index(
            "uq_timeline_event_postmortem_id_external_id",
            "postmortem_id",
            "external_id",
            unique=True,
            postgresql_where="external_id is not null",
        ),
    )

    id: Mapped[Key]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    version: Mapped[Version]
    at: Mapped[Instant]
    precision: Mapped[str] = mapped_column(server_default=Precision.MINUTE.value, default=Precision.MINUTE.value)
    ordinal: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    event: Mapped[str]
    type: Mapped[str]
    actor: Mapped[str | None]
    source: Mapped[str]
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id"))
    search: Mapped[Vector]
    external_id: Mapped[str | None]


class PostmortemTarget(Base):
    """A timing target. Its state follows from its instants (``domain.escalation.targets``)."""

    __tablename__ = "postmortem_target"
    __table_args__ = (
        CheckConstraint(one_of("name", TargetName), name="name"),
        Index(
            "ix_postmortem_target_unmet",
            text("coalesce(extended_to, due_at)"),
            postgresql_include=["postmortem_id", "extended_to", "due_at"],
            postgresql_where="met_at is null and waived_at is null",
        ),
        Index(
            "ix_postmortem_target_slipped",
            "postmortem_id",
            postgresql_where="slips >= 1 and met_at is null and waived_at is null",
        ),
    )

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    name: Mapped[Key]
    due_at: Mapped[Instant]
    extended_to: Mapped[Instant | None]
    met_at: Mapped[Instant | None]
    waived_at: Mapped[Instant | None]
    reason: Mapped[str | None]
    slips: Mapped[int] = mapped_column(default=0)


class Comment(Base):
    """A comment, or with ``parent_id`` an answer in its thread. Only threads are resolved, and only they have an
    ``anchor`` (``domain.comments.anchors``): the words of the section that they are about. A thread about an action
    item has no section, and stays when the item is deleted."""

    __tablename__ = "comment"
    __table_args__ = (
        search_index("comment"),
        CheckConstraint(one_of("kind", CommentKind), name="kind"),
        Index("ix_comment_postmortem_id_id", "postmortem_id", "id"),
        Index("ix_comment_action_item_id", "action_item_id", postgresql_where="action_item_id is not null"),
        Index(
            "ix_comment_unresolved",
            "postmortem_id",
            postgresql_where="parent_id is null and resolved_at is null",
        ),
        Index(
            "ix_comment_author_id_unresolved",
            "author_id",
            postgresql_where="parent_id is null and resolved_at is null",
        ),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    parent_id: Mapped[Id | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    section: Mapped[str | None]
    action_item_id: Mapped[Id | None] = mapped_column(ForeignKey("action_item.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(server_default=CommentKind.COMMENT.value, default=CommentKind.COMMENT.value)
    anchor: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    body: Mapped[str]
    resolved_at: Mapped[Instant | None]
    resolved_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    search: Mapped[Vector]


class CommentMention(Base):
    """Somebody whom a comment speaks to, who may see the postmortem."""

    __tablename__ = "comment_mention"

    comment_id: Mapped[Key] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    person_id: Mapped[Key] = mapped_column(ForeignKey("person.id"), index=True)

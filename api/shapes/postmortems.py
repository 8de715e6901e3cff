"""What a postmortem looks like outside."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import (
    SECTION_NAME,
    FreeForm,
    Markdown,
    Patch,
    Ref,
    Remark,
    Shape,
    Short,
    StrictlyGiven,
    Tag,
    Title,
)
from application.incidents.opening import PostmortemRequest
from domain.access import EditorLevel, Visibility
from domain.content.custom_fields import missing_fields
from domain.content.sections import STANDARD, WIRE_NAMES
from domain.content.templates import TITLES, missing_sections
from domain.postmortems.first_draft import EntryType
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENT_LIMIT
from integrations.fields import Instant, Words
from models.queries.content.templates import template_of
from models.queries.postmortems.postmortems import FullPostmortem, state_of_reviewer
from models.queries.timeline import NewTimelineEvent
from models.section import Section


def _custom(name: str) -> str:
    if name in TITLES:
        raise PydanticCustomError("standard_section", "Send a standard section as its own field")
    return name


SectionKey = Annotated[str, Field(pattern=SECTION_NAME), AfterValidator(_custom)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Money(Shape):
    amount: Annotated[Decimal, Field(max_digits=20, decimal_places=2)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class ImpactMetrics(Shape):
    duration_minutes: Count | None = None
    affected_users: Count | None = None
    failed_transactions: Count | None = None
    revenue_impact: Money | None = None
    sla_breach: Short = None
    support_tickets: Count | None = None


class ServiceOut(Shape):
    id: str
    name: str


class EditorOut(Shape):
    user_id: str
    level: EditorLevel


class ReviewerOut(Shape):
    user_id: str
    state: ReviewerState
    decided_at: datetime | None = None


class ReviewerListed(ReviewerOut):
    """``active`` is false if they left. ``awayUntil`` is null if they aren't away, or didn't say until when."""

    active: bool
    away: bool
    away_until: datetime | None


class TimelineEventOut(Shape):
    id: str
    at: datetime
    precision: Precision
    event: str
    type: EntryType
    actor: str | None
    source: str


class ActionItemCounts(Shape):
    open: int = 0
    in_progress: int = 0
    completed: int = 0
    wont_do: int = 0
    overdue: int = 0


class SectionMeta(Shape):
    """``revision`` 0: not written yet. ``updatedBy`` null: changed by the system."""

    name: str
    revision: int
    updated_at: datetime | None
    updated_by: str | None


class PostmortemOut(Shape):
    id: str
    version: int
    number: int
    title: str
    status: Status
    visibility: Visibility
    url: str
    incident_id: str | None
    incident_ids: list[str]
    template_id: str | None
    template_version: int | None
    team_ids: list[str]
    services: list[ServiceOut]
    author_id: str | None
    editors: list[EditorOut]
    reviewers: list[ReviewerOut]
    participants: list[str]
    summary: str | None
    impact: str | None
    root_cause: str | None
    resolution: str | None
    lessons_learned: str | None
    contributing_factors: str | None
    detection: str | None
    response: str | None
    sections: list[SectionMeta]
    custom_sections: dict[str, str]
    impact_metrics: ImpactMetrics
    timeline: list[TimelineEventOut]
    custom_fields: FreeForm
    tags: list[str]
    root_cause_category: str | None
    duration_minutes: int | None
    publish_on_approval: bool
    incident_resolved_at: datetime | None
    draft_started_at: datetime | None
    submitted_at: datetime | None
    reviewed_at: datetime | None
    published_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    missing_sections: list[str]
    missing_fields: list[str]
    unresolved_comments: int
    action_item_counts: ActionItemCounts


def postmortem_out(full: FullPostmortem, base_url: str) -> PostmortemOut:
    row, counts = full.postmortem, full.counts
    incident_ids = [one.incident_id for one in row.incidents]
    written = {one.name: one for one in row.sections}
    texts = {name: one.body for name, one in written.items()}
    kept = template_of(row.template)
    missing = missing_sections(kept, texts, has_timeline=counts.has_timeline, has_items=counts.has_items)
    timeline = [
        TimelineEventOut.model_construct(
            id=one.id,
            at=one.at,
            precision=Precision(one.precision),
            event=one.event,
            type=EntryType(one.type),
            actor=one.actor,
            source=one.source,
        )
        for one in row.timeline
    ]
    return PostmortemOut(
        id=row.id,
        version=row.version,
        number=row.number,
        title=row.title,
        status=Status(row.status),
        visibility=full.visibility,
        url=f"{base_url}/postmortems/{row.id}",
        incident_id=incident_ids[0] if incident_ids else None,
        incident_ids=incident_ids,
        template_id=row.template_id,
        template_version=row.template_version,
        team_ids=sorted(one.team_id for one in row.teams),
        services=[ServiceOut(id=one.id, name=one.name) for one in row.services],
        author_id=row.author_id,
        editors=[EditorOut(user_id=one.person_id, level=EditorLevel(one.level)) for one in row.editors],
        reviewers=[
            ReviewerOut(user_id=one.person_id, state=state_of_reviewer(one, row), decided_at=one.decided_at)
            for one in row.reviewers
        ],
        participants=[one.person_id for one in row.participants],
        impact_metrics=ImpactMetrics.model_validate(row.impact_metrics),
        timeline=timeline,
        custom_fields=row.custom_fields,
        tags=row.tags,
        root_cause_category=row.root_cause_category,
        duration_minutes=row.duration_minutes,
        publish_on_approval=row.publish_on_approval,
        incident_resolved_at=row.incident_resolved_at,
        draft_started_at=row.draft_started_at,
        submitted_at=row.submitted_at,
        reviewed_at=row.reviewed_at,
        published_at=row.published_at,
        archived_at=row.archived_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        missing_sections=list(missing),
        missing_fields=list(missing_fields(kept.fields, row.custom_fields)),
        unresolved_comments=counts.unresolved_comments,
        action_item_counts=ActionItemCounts(
            open=counts.items.get("OPEN", 0),
            in_progress=counts.items.get("IN_PROGRESS", 0),
            completed=counts.items.get("COMPLETED", 0),
            wont_do=counts.items.get("WONT_DO", 0),
            overdue=counts.overdue,
        ),
        sections=[section_meta(name, written.get(name)) for name in kept.text_keys],
        custom_sections={name: texts[name] for name in kept.text_keys if name in texts and name not in STANDARD},
        **{field: texts.get(name) or None for field, name in WIRE_NAMES.items()},
    )


def section_meta(name: str, section: Section | None) -> SectionMeta:
    if section is None:
        return SectionMeta.model_construct(name=name, revision=0, updated_at=None, updated_by=None)
    return SectionMeta.model_construct(
        name=name, revision=section.revision, updated_at=section.updated_at, updated_by=section.updated_by
    )


class TimelineEventIn(StrictlyGiven):
    at: Instant
    precision: Precision = Precision.MINUTE
    event: Annotated[str, Words(EVENT_LIMIT)]
    type: EntryType = EntryType.OTHER
    actor: Short = None


OURS = frozenset(
    {
        "id",
        "version",
        "number",
        "url",
        "editors",
        "reviewers",
        "participants",
        "services",
        "templateId",
        "templateVersion",
        "durationMinutes",
        "publishOnApproval",
        "incidentResolvedAt",
        "draftStartedAt",
        "submittedAt",
        "reviewedAt",
        "publishedAt",
        "archivedAt",
        "createdAt",
        "updatedAt",
        "sections",
        "missingSections",
        "missingFields",
        "unresolvedComments",
        "actionItemCounts",
    }
)


class PostmortemContent(StrictlyGiven):
    """What POST and PATCH share. Null clears."""

    read_only = OURS

    summary: Markdown | None = None
    impact: Markdown | None = None
    root_cause: Markdown | None = None
    resolution: Markdown | None = None
    lessons_learned: Markdown | None = None
    contributing_factors: Markdown | None = None
    detection: Markdown | None = None
    response: Markdown | None = None
    custom_sections: Annotated[dict[SectionKey, Markdown | None], Field(max_length=100)] | None = None
    impact_metrics: ImpactMetrics | None = None
    custom_fields: FreeForm | None = None
    tags: Annotated[list[Tag], Field(max_length=50)] | None = None
    root_cause_category: Short = None
    team_ids: Annotated[list[Ref], Field(max_length=100)] | None = None
    service_ids: Annotated[list[Ref], Field(max_length=200)] | None = None
    visibility: Visibility | None = None

    def columns(self) -> dict[str, Any]:
        """The sent fields as column values; a null list or map is an empty one."""
        sent = self.given()
        for name, empty in (("tags", []), ("team_ids", []), ("service_ids", []), ("custom_fields", {})):
            if name in sent and sent[name] is None:
                sent[name] = empty
        if "impact_metrics" in sent:
            metrics = self.impact_metrics
            sent["impact_metrics"] = (
                metrics.model_dump(mode="json", by_alias=True, exclude_none=True) if metrics else {}
            )
        for name in ("team_ids", "service_ids", "tags"):
            if name in sent:
                sent[name] = list(dict.fromkeys(sent[name]))
        return sent


class PostmortemNew(PostmortemContent):
    """Leave out ``title`` to use the title of the linked incident. Without ``templateId``, the first of its teams
    that has a default template provides it, or else the organization."""

    read_only = OURS - {"templateId"}

    template_id: Ref | None = None
    title: Title | None = None
    incident_id: Ref | None = None
    incident_ids: Annotated[list[Ref], Field(max_length=50)] | None = None
    status: Status = Status.DRAFT
    timeline: Annotated[list[TimelineEventIn], Field(max_length=5000)] | None = None

    @model_validator(mode="after")
    def _begins_as_a_draft(self) -> "PostmortemNew":
        if self.status is not Status.DRAFT:
            raise ValueError("a new postmortem must be a DRAFT")
        if self.title is None and not self.incidents():
            raise ValueError("send a title, or an incident to take it from")
        return self

    def request(self) -> PostmortemRequest:
        """What was sent, as the use case takes it."""
        columns = self.columns()
        for name in ("incident_id", "incident_ids", "status", "template_id", "timeline", "title"):
            columns.pop(name, None)
        team_ids, service_ids = columns.pop("team_ids", None), columns.pop("service_ids", None)
        return PostmortemRequest(
            title=self.title,
            columns=columns,
            incident_ids=self.incidents(),
            team_ids=team_ids,
            service_ids=service_ids,
            template_id=self.template_id,
            timeline=[
                NewTimelineEvent(one.at, one.event, one.type, one.actor, precision=one.precision)
                for one in self.timeline or []
            ],
        )

    def incidents(self) -> list[str]:
        return list(dict.fromkeys([*([self.incident_id] if self.incident_id else []), *(self.incident_ids or [])]))


class PostmortemPatch(Patch, PostmortemContent):
    """``status`` is a transition with the same rules as its own endpoint. ``comment`` belongs to it."""

    answer = PostmortemOut

    read_only = OURS | {"incidentId", "incidentIds", "timeline"}

    title: Title = Field(default="")
    author_id: Ref | None = None
    status: Status | None = None
    comment: Remark = None


# Editors

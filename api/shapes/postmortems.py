"""What a postmortem looks like outside."""

from datetime import datetime
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
from domain.content.templates import TITLES
from domain.postmortems.first_draft import EntryType
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENT_LIMIT
from integrations.documents.impact_metrics import ImpactMetrics
from integrations.fields import Instant, Words
from models.queries.timeline import NewTimelineEvent


def _custom(name: str) -> str:
    if name in TITLES:
        raise PydanticCustomError("standard_section", "Send a standard section as its own field")
    return name


SectionKey = Annotated[str, Field(pattern=SECTION_NAME), AfterValidator(_custom)]


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
    """``active`` is false if they left. ``awayUntil`` is null if they aren't away, or didn't say until when.
    ``remindedAt`` is when a person last reminded them; ``waivedBy`` and ``waivedReason`` are set if publishing doesn't
    wait for their review."""

    active: bool
    away: bool
    away_until: datetime | None
    reminded_at: datetime | None
    waived_by: str | None
    waived_reason: str | None


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


MOST_TAGS = 50


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
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS)] | None = None
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

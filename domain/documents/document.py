"""A postmortem as a document: everything that one reader may see of it, at one instant.

Texts are Markdown. Instants are in UTC. People are named by their ids, which ``people`` explains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain.access import EditorLevel, Visibility
from domain.action_items.action_item import ActionItemStatus, ActionItemType, LinkState, Priority
from domain.comments.comment import CommentKind
from domain.content.custom_fields import FieldType
from domain.content.templates import Template
from domain.escalation.targets import TargetName, TargetState
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision, ReviewerState
from domain.timeline.moments import Precision


@dataclass(frozen=True, slots=True)
class DocumentPerson:
    id: str
    name: str
    handle: str
    email: str


@dataclass(frozen=True, slots=True)
class Named:
    """A team or a service."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DocumentIncident:
    id: str
    source: str
    external_id: str
    title: str
    status: str
    urgency: str
    started_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A section of the template, in its order. ``text`` is null for those that hold entries: the timeline and the
    action items. ``revision`` 0: it was never written. ``updated_by_id`` null: the system wrote it."""

    key: str
    title: str
    required: bool
    default_text: str | None
    prompt: str | None
    text: str | None
    revision: int = 0
    updated_at: datetime | None = None
    updated_by_id: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentField:
    """A custom field of the template, and its value: JSON, as in ``domain.content.custom_fields``."""

    key: str
    label: str
    type: FieldType
    required: bool
    choices: tuple[str, ...]
    help: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class DocumentTemplate:
    """The version of the template that the postmortem began with; without an id, the default sections."""

    id: str | None
    version: int | None
    name: str
    description: str | None


@dataclass(frozen=True, slots=True)
class DocumentEvent:
    """``at`` is the earliest instant meant, known to within ``precision``."""

    id: str
    at: datetime
    precision: Precision
    event: str
    type: str
    actor: str | None
    source: str


@dataclass(frozen=True, slots=True)
class DocumentPullRequest:
    url: str
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class DocumentTicket:
    id: str
    integration_id: str
    tracker: str
    key: str | None
    url: str | None
    status: str | None
    assignee: str | None
    link_state: LinkState
    last_synced_at: datetime | None
    pull_requests: tuple[DocumentPullRequest, ...]


@dataclass(frozen=True, slots=True)
class DocumentItem:
    """An action item."""

    id: str
    description: str
    details: str | None
    owner_id: str | None
    due_date: date | None
    priority: Priority
    status: ActionItemStatus
    overdue: bool
    justification: str | None
    due_date_moves: int
    snoozed_until: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    tickets: tuple[DocumentTicket, ...]
    type: ActionItemType | None = None


@dataclass(frozen=True, slots=True)
class DocumentEditor:
    user_id: str
    level: EditorLevel


@dataclass(frozen=True, slots=True)
class DocumentReviewer:
    user_id: str
    state: ReviewerState
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentReview:
    """One decision. ``comment`` is null in a document without comments."""

    id: str
    user_id: str
    decision: Decision
    comment: str | None
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentTarget:
    name: TargetName
    due_at: datetime
    extended_to: datetime | None
    met_at: datetime | None
    waived_at: datetime | None
    state: TargetState
    reason: str | None


@dataclass(frozen=True, slots=True)
class DocumentComment:
    """``quote`` is the text of the section that a thread is about. Answers have a ``parent_id``."""

    id: str
    parent_id: str | None
    section: str | None
    action_item_id: str | None
    kind: CommentKind
    quote: str | None
    author_id: str
    body: str
    resolved_at: datetime | None
    resolved_by_id: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentAttachment:
    """``size`` in bytes; ``sha256`` of them."""

    id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """``comments`` is null where they were not asked for. ``links`` are the addresses of the postmortems that the texts
    refer to (``#17``), if the reader may see them. ``impact_metrics`` are named as on the wire."""

    id: str
    version: int
    number: int
    title: str
    url: str
    status: Status
    visibility: Visibility
    exported_at: datetime
    template: DocumentTemplate
    sections: tuple[DocumentSection, ...]
    custom_fields: tuple[DocumentField, ...]
    impact_metrics: Mapping[str, Any]
    tags: tuple[str, ...]
    root_cause_category: str | None
    duration_minutes: int | None
    services: tuple[Named, ...]
    teams: tuple[Named, ...]
    incidents: tuple[DocumentIncident, ...]
    author_id: str | None
    editors: tuple[DocumentEditor, ...]
    reviewers: tuple[DocumentReviewer, ...]
    participants: tuple[str, ...]
    reviews: tuple[DocumentReview, ...]
    targets: tuple[DocumentTarget, ...]
    timeline: tuple[DocumentEvent, ...]
    action_items: tuple[DocumentItem, ...]
    comments: tuple[DocumentComment, ...] | None
    incident_resolved_at: datetime | None
    draft_started_at: datetime | None
    submitted_at: datetime | None
    reviewed_at: datetime | None
    published_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    people: tuple[DocumentPerson, ...] = ()
    links: Mapping[int, str] = field(default_factory=dict)
    attachments: tuple[DocumentAttachment, ...] = ()

    def texts(self) -> Iterator[str]:
        """Every text of it that people wrote, in Markdown."""
        yield from (one.text or "" for one in self.sections)
        yield from (one.event for one in self.timeline)
        yield from (one.details or "" for one in self.action_items)
        yield from (one.body for one in self.comments or ())

    def person_ids(self) -> set[str]:
        """Everyone whom the document names by id."""
        named: list[str | None] = [self.author_id, *self.participants]
        named += [one.user_id for one in self.editors]
        named += [one.user_id for one in self.reviewers]
        named += [one.user_id for one in self.reviews]
        named += [one.owner_id for one in self.action_items]
        named += [one.updated_by_id for one in self.sections]
        named += [one.value for one in self.custom_fields if one.type is FieldType.PERSON]
        for comment in self.comments or ():
            named += [comment.author_id, comment.resolved_by_id]
        return {one for one in named if one}


def document_fields(template: Template, values: Mapping[str, Any]) -> tuple[DocumentField, ...]:
    """Every custom field of the template; the value of one that is not set is null."""
    return tuple(
        DocumentField(one.key, one.label, one.type, one.required, one.choices, one.help, values.get(one.key))
        for one in template.fields
    )

"""A postmortem as JSON: everything that the reader may see, for programs and for importing it again.

These shapes are its published schema. A change that old readers can't read raises :data:`SCHEMA_VERSION`; added
properties don't.
"""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from domain.access import EditorLevel, Visibility
from domain.action_items.action_item import ActionItemStatus, ActionItemType, LinkState, Priority
from domain.comments.comment import CommentKind
from domain.content.custom_fields import FieldType
from domain.documents.document import Document
from domain.escalation.targets import TargetName, TargetState
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision, ReviewerState
from domain.timeline.moments import Precision
from integrations.documents.texts import Images

SCHEMA_VERSION = 1


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class ExportedPerson(_Shape):
    id: str
    name: str
    handle: str
    email: str


class ExportedName(_Shape):
    id: str
    name: str


class ExportedIncident(_Shape):
    id: str
    source: str
    external_id: str
    title: str
    status: str
    urgency: str
    started_at: datetime | None
    resolved_at: datetime | None


class ExportedTemplate(_Shape):
    id: str | None
    version: int | None
    name: str
    description: str | None


class ExportedSection(_Shape):
    """A section, in the order of the template. ``text`` is Markdown, and null for ``timeline`` and ``actionItems``,
    which hold entries. Revision 0: it was never written."""

    key: str
    title: str
    required: bool
    default_text: str | None
    prompt: str | None
    text: str | None
    revision: int
    updated_at: datetime | None
    updated_by_id: str | None


class ExportedField(_Shape):
    """A custom field. The value of a PERSON is an id; the value of one that is not set is null."""

    key: str
    label: str
    type: FieldType
    required: bool
    choices: tuple[str, ...]
    help: str | None
    value: JsonValue


class ExportedEvent(_Shape):
    """``at`` is the earliest instant meant; ``precision`` says how exactly it is known."""

    id: str
    at: datetime
    precision: Precision
    event: str
    type: str
    actor: str | None
    source: str


class ExportedPullRequest(_Shape):
    url: str
    title: str
    state: str


class ExportedTicket(_Shape):
    id: str
    integration_id: str
    tracker: str
    key: str | None
    url: str | None
    status: str | None
    assignee: str | None
    link_state: LinkState
    last_synced_at: datetime | None
    pull_requests: tuple[ExportedPullRequest, ...]


class ExportedItem(_Shape):
    id: str
    description: str
    details: str | None
    owner_id: str | None
    due_date: date | None
    priority: Priority
    status: ActionItemStatus
    type: ActionItemType | None = None
    overdue: bool
    justification: str | None
    due_date_moves: int
    snoozed_until: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    tickets: tuple[ExportedTicket, ...]


class ExportedEditor(_Shape):
    user_id: str
    level: EditorLevel


class ExportedReviewer(_Shape):
    user_id: str
    state: ReviewerState
    decided_at: datetime | None


class ExportedReview(_Shape):
    """``comment`` is null in an export without comments."""

    id: str
    user_id: str
    decision: Decision
    comment: str | None
    revision: int
    created_at: datetime


class ExportedTarget(_Shape):
    name: TargetName
    due_at: datetime
    extended_to: datetime | None
    met_at: datetime | None
    waived_at: datetime | None
    state: TargetState
    reason: str | None


class ExportedComment(_Shape):
    """``quote`` is the text that a thread is about. Answers have a ``parentId``."""

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


class ExportedAttachment(_Shape):
    id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    width: int | None
    height: int | None


class ExportedPostmortem(_Shape):
    """A postmortem as ``format=json`` exports it. Everyone is named by id; ``people`` has their names and addresses.
    ``comments`` is null in an export without comments. Instants are UTC."""

    schema_version: Annotated[Literal[1], Field(description="Changes only when old readers can't read it anymore")]
    exported_at: datetime
    id: str
    version: int
    number: int
    title: str
    url: str
    status: Status
    visibility: Visibility
    template: ExportedTemplate
    sections: tuple[ExportedSection, ...]
    custom_fields: tuple[ExportedField, ...]
    impact_metrics: dict[str, JsonValue]
    tags: tuple[str, ...]
    root_cause_category: str | None
    duration_minutes: int | None
    services: tuple[ExportedName, ...]
    teams: tuple[ExportedName, ...]
    incidents: tuple[ExportedIncident, ...]
    author_id: str | None
    editors: tuple[ExportedEditor, ...]
    reviewers: tuple[ExportedReviewer, ...]
    participants: tuple[str, ...]
    reviews: tuple[ExportedReview, ...]
    targets: tuple[ExportedTarget, ...]
    timeline: tuple[ExportedEvent, ...]
    action_items: tuple[ExportedItem, ...]
    comments: tuple[ExportedComment, ...] | None
    attachments: tuple[ExportedAttachment, ...]
    incident_resolved_at: datetime | None
    draft_started_at: datetime | None
    submitted_at: datetime | None
    reviewed_at: datetime | None
    published_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    people: tuple[ExportedPerson, ...]


def write(document: Document, _images: Images) -> bytes:
    given = _Export(document, SCHEMA_VERSION)
    return f"{ExportedPostmortem.model_validate(given).model_dump_json(by_alias=True, indent=2)}\n".encode()


class _Export:
    """The document with what only its JSON has."""

    def __init__(self, document: Document, schema_version: int) -> None:
        self._document = document
        self.schema_version = schema_version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document, name)


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what :func:`write` gives."""
    schema = ExportedPostmortem.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Afterword postmortem"}

"""Answers about files beside the text of a postmortem."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import Given, Ref, Shape, StrictlyGiven
from domain.documents.attachments import IMAGE_TYPES, markdown_for
from domain.documents.formats import Format
from domain.documents.importing.document import LineKind
from domain.documents.jobs import JobKind, JobState
from integrations.documents.opsgenie import ADDRESS, IDS_LIMIT
from integrations.fields import Words
from integrations.outbound.client import Address, plain_token
from models.documents import Job
from models.queries.documents.attachments import ShownAttachment


class AttachmentOut(Shape):
    """``size`` and ``sha256`` are of the bytes that ``url`` returns; images were re-encoded without their metadata.
    ``references`` counts the texts that refer to it; write ``markdown`` into a text to refer to it."""

    id: str
    postmortem_id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    width: int | None
    height: int | None
    state: Literal["READY"] = "READY"
    uploaded_by: str | None
    created_at: datetime
    url: str
    thumbnail_url: str | None
    references: int
    markdown: str


def attachment_out(shown: ShownAttachment, base_url: str) -> AttachmentOut:
    one = shown.attachment
    url = f"{base_url}/api/postmortems/{one.postmortem_id}/attachments/{one.id}"
    return AttachmentOut(
        id=one.id,
        postmortem_id=one.postmortem_id or "",
        filename=one.filename,
        media_type=one.media_type,
        size=one.size,
        sha256=one.sha256,
        width=one.width,
        height=one.height,
        uploaded_by=one.uploaded_by,
        created_at=one.created_at,
        url=url,
        thumbnail_url=f"{url}/thumbnail" if one.media_type in IMAGE_TYPES else None,
        references=shown.references,
        markdown=markdown_for(one.id, one.filename, one.media_type),
    )


class JobError(Shape):
    """Why it failed."""

    code: str
    detail: str


class JobOut(Shape):
    """An archive that is made, or an import, in the background. ``done`` of ``total`` documents are finished;
    ``problems`` counts the lines of the report to look at. Its files are deleted after ``expiresAt``."""

    id: str
    kind: JobKind
    state: JobState
    done: int
    total: int
    problems: int
    created_by: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime
    scope: dict[str, JsonValue]
    formats: list[str]
    error: JobError | None
    archive_url: str | None = None
    dry_run: bool | None = None
    undone_at: datetime | None = None


class OpsgenieImport(StrictlyGiven):
    """Postmortems of an Opsgenie account. ``ids`` are IDs or URLs of postmortems, since Opsgenie has no list of them.
    ``apiKey`` needs the right to read; it is encrypted, and deleted once they are fetched. ``baseUrl`` for the EU is
    https://api.eu.opsgenie.com."""

    source: Literal["opsgenie"]
    api_key: Annotated[SecretStr, AfterValidator(plain_token)]
    ids: Annotated[list[Annotated[str, Words(500, one_line=True)]], Field(min_length=1, max_length=IDS_LIMIT)]
    base_url: Address = ADDRESS
    dry_run: bool = False


def import_out(job: Job) -> JobOut:
    return JobOut.model_validate(job)


class ReportLineOut(Shape):
    """Where a line of an imported document went: to the ``target`` of the postmortem, or into its section *Imported*
    (``UNPLACED``). ``DUPLICATE`` names a postmortem with the same title."""

    source: str
    line: int | None
    kind: LineKind
    target: str | None
    postmortem_id: str | None
    text: str


class ExportNew(Given):
    """``scope`` ORGANIZATION, for administrators, or up to 1,000 ``postmortemIds``."""

    scope: Literal["ORGANIZATION"] | None = None
    postmortem_ids: Annotated[list[Ref], Field(min_length=1, max_length=1000)] | None = None
    formats: Annotated[list[Format], Field(min_length=1, max_length=5)] = Field(
        default_factory=lambda: [Format.MARKDOWN, Format.JSON]
    )
    comments: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.scope is None) == (self.postmortem_ids is None):
            raise PydanticCustomError("scope", "Send either scope or postmortemIds")
        return self


def export_out(job: Job, base_url: str) -> JobOut:
    """``archiveUrl`` is there once it can be fetched."""
    shown = JobOut.model_validate(job)
    shown.dry_run = None
    if job.state == JobState.DONE and job.removed_at is None:
        shown.archive_url = f"{base_url}/api/exports/{job.id}/archive"
    return shown

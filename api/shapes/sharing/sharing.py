"""Requests and answers about public summaries, links for outsiders, and sharing settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from api.shapes.base import Given, Shape, StrictlyGiven
from application.sharing.links import ShareLinkState, ShownLink
from application.sharing.summaries import Summary
from domain.sharing.findings import Finding, FindingKind
from domain.sharing.links import ShareScope
from domain.sharing.publications import PublicationState, PublicationTrigger
from domain.sharing.summary import TEXT_LIMIT, SummaryState
from integrations.fields import Instant, Words
from models.sharing import SharingSettings
from runtime.settings import Settings

SummaryText = Annotated[str, Words(TEXT_LIMIT, blank=True, verbatim=True)]
FindingId = Annotated[str, Words(100, one_line=True)]
Password = Annotated[str, Words(200, verbatim=True), Field(min_length=6)]
Tool = Annotated[str, Words(100, one_line=True, shape=r"\w.*\w", says="Enter at least two letters or digits")]
LastVersion = Annotated[int, Field(ge=0, le=2**53)]


def own_host(settings: Settings) -> str:
    """Where people reach Afterword: links to it are of no use to outsiders."""
    return urlsplit(settings.base_url).hostname or ""


# The public summary


class SummaryPut(StrictlyGiven):
    """Leave out what stays as it is. Another ``text`` takes the approval back. ``listed``: in the public feed, once
    approved; only the author and administrators change it."""

    read_only = frozenset({"state", "version", "stale", "saved", "approvedBy", "approvedAt", "publishedAt", "findings"})

    text: SummaryText | None = None
    listed: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is None and self.listed is None:
            raise ValueError("send a text, or listed")
        return self


class SummaryCheck(Given):
    """``text``: a text that isn't saved. Without it, the saved one is checked."""

    text: SummaryText | None = None


class SummaryApprove(Given):
    """``version`` is the version of the text that you read; you can send it as If-Match instead. Each finding of the
    kinds SECRET, PERSON, HOST, and IP_ADDRESS must be removed from the text or acknowledged."""

    version: LastVersion | None = None
    acknowledged_finding_ids: Annotated[list[FindingId], Field(max_length=1000)] = Field(default_factory=list)


class SummaryFindingOut(Shape):
    """``quote`` is ``text[start:end]``, in code points. ``suggestion`` can take its place. ``blocking``: the summary
    can't be approved until it is removed or acknowledged."""

    id: str
    kind: FindingKind
    quote: str
    start: int
    end: int
    suggestion: str
    blocking: bool
    acknowledged: bool


class FindingsOut(Shape):
    findings: list[SummaryFindingOut]


class PublicSummaryOut(FindingsOut):
    """``saved`` false: there is none yet, its version is 0, and ``text`` is what you can start with. ``stale``: the
    postmortem changed since the approval. ``publishedAt`` is when a summary of it was approved first."""

    text: str
    state: SummaryState
    version: int
    listed: bool
    stale: bool
    saved: bool
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None


def findings_out(found: Sequence[Finding], acknowledged: frozenset[str] = frozenset()) -> list[SummaryFindingOut]:
    return [
        SummaryFindingOut(
            id=one.id,
            kind=one.kind,
            quote=one.quote,
            start=one.start,
            end=one.end,
            suggestion=one.suggestion,
            blocking=one.blocks,
            acknowledged=one.id in acknowledged,
        )
        for one in found
    ]


def summary_out(summary: Summary, found: Sequence[Finding]) -> PublicSummaryOut:
    return PublicSummaryOut(
        text=summary.text,
        state=summary.state,
        version=summary.version,
        listed=summary.listed,
        stale=summary.is_stale,
        saved=summary.is_saved,
        approved_by=summary.approved_by,
        approved_at=summary.approved_at,
        published_at=summary.published_at,
        findings=findings_out(found, summary.acknowledged),
    )


# Links


class ShareLinkIn(StrictlyGiven):
    """``SUMMARY`` shows the approved public summary, ``POSTMORTEM`` the shareable parts of the published postmortem.
    A ``password`` has at least 6 characters."""

    scope: ShareScope = ShareScope.SUMMARY
    expires_at: Instant | None = None
    password: Password | None = None


class ShareLinkOut(Shape):
    """``url`` is null for those who may not share, and for a revoked link. ``views`` lag a few seconds behind. A link
    is ``SUSPENDED`` as long as there is nothing to show; ``reasons`` say why."""

    id: str
    scope: ShareScope
    state: ShareLinkState
    reasons: list[dict[str, Any]]
    url: str | None
    expires_at: datetime | None
    has_password: bool
    views: int
    last_viewed_at: datetime | None
    created_by: str
    created_at: datetime
    revoked_at: datetime | None


def link_out(shown: ShownLink, base_url: str) -> ShareLinkOut:
    row = shown.row
    return ShareLinkOut(
        id=row.id,
        scope=ShareScope(row.scope),
        state=shown.state,
        reasons=[dict(one) for one in shown.reasons if isinstance(one, dict)],
        url=f"{base_url}/p/{shown.token}" if shown.token else None,
        expires_at=row.expires_at,
        has_password=row.password_hash is not None,
        views=row.views,
        last_viewed_at=row.last_viewed_at,
        created_by=row.created_by_id,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


# Settings


class SharingSettingsPut(StrictlyGiven):
    """Both are replaced. ``internalTools`` are names that are marked in public summaries."""

    read_only = frozenset({"version", "feedUrls", "updatedAt"})

    internal_tools: Annotated[list[Tool], Field(max_length=500)]
    feed_enabled: bool


class SharingSettingsOut(Shape):
    version: int
    internal_tools: list[str]
    feed_enabled: bool
    feed_urls: list[str]
    updated_at: datetime


def settings_out(row: SharingSettings, base_url: str) -> SharingSettingsOut:
    return SharingSettingsOut(
        version=row.version,
        internal_tools=row.internal_tools,
        feed_enabled=row.feed_enabled,
        feed_urls=[f"{base_url}/p/feed.atom", f"{base_url}/p/feed.json"],
        updated_at=row.updated_at,
    )


# Copies in other systems


class PublicationNew(Given):
    """``integrationId``: a connection that publishes. ``pointer``: where, for connections that need to be told, such as
    the URL of the incident on a status page; afterwards it is known. ``overwrite``: also if someone changed the copy
    there."""

    integration_id: Annotated[str, Words(100, one_line=True)]
    pointer: Annotated[str, Words(500, one_line=True)] | None = None
    overwrite: bool = False


class PublicationOut(Shape):
    """``target`` is the connection's kind. ``contentRevision`` and ``remoteRevision`` tell what was written last, of
    which revision here, as which one there. ``problem`` says why it isn't done yet or can't be done."""

    id: str
    postmortem_id: str
    integration_id: str
    target: str
    state: PublicationState
    trigger: PublicationTrigger
    url: str | None
    content_revision: int | None
    remote_revision: str | None
    problem: str | None
    created_at: datetime
    published_at: datetime | None

"""Everything that outsiders can read, in one statement each: what is not selected here can't be shown to them.

Each statement asks for what suspends, ends, or revokes in the same breath, so that it holds with the next request.
Private sections are left out by the database: their text never reaches this process.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Visibility
from domain.content.default_templates import DEFAULT
from domain.content.templates import LISTS, SHAREABLE_BY_DEFAULT, TIMELINE
from domain.sharing.links import ShareScope
from models.content import Section, TemplateVersion
from models.documents import Attachment
from models.postmortem import Postmortem, PostmortemService, TimelineEvent
from models.queries.access.visibility import FINAL, effective_visibility
from models.queries.prebuilt import Prebuilt, instant_json, instant_of, json_list, json_object, number_of, text_of
from models.queries.sharing.summaries import ever_published
from models.sharing import PublicSummary, ShareLink, SharingSettings
from models.team import Service

_DEFAULT_SECTIONS = json.dumps([asdict(one) for one in DEFAULT.sections])


@dataclass(frozen=True, slots=True)
class SharedSummary:
    """``published_at`` is when a summary of this postmortem was approved first, ``approved_at`` when this text was."""

    text: str
    published_at: datetime
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class SharedEvent:
    at: datetime
    precision: str
    event: str
    type: str


@dataclass(frozen=True, slots=True)
class SharedSection:
    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SharedAttachment:
    """``width`` and ``height`` are an image's."""

    id: str
    filename: str
    media_type: str
    sha256: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class SharedPostmortem:
    """``sections`` are the shareable ones with a text, in the order of the template, and the timeline in its place,
    without a text. ``impact`` and ``timeline`` are empty where their section isn't shareable. ``attachments`` are those
    that what is shown refers to."""

    number: int
    title: str
    services: tuple[str, ...]
    duration_minutes: int | None
    resolved_at: datetime | None
    published_at: datetime | None
    impact: dict[str, Any]
    sections: tuple[SharedSection, ...]
    timeline: tuple[SharedEvent, ...]
    attachments: tuple[SharedAttachment, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows: one of the two."""

    link_id: str
    password_hash: str | None
    summary: SharedSummary | None
    postmortem: SharedPostmortem | None


# Conditions


def _is_reachable() -> ColumnElement[bool]:
    return effective_visibility() != Visibility.PRIVATE.value


def _shows_summary() -> ColumnElement[bool]:
    """Approved, and not under review again after it was published."""
    is_reopened = and_(Postmortem.status.not_in(FINAL), ever_published())
    return and_(PublicSummary.approved_at.is_not(None), ~is_reopened)


# What a postmortem shows


def _parts() -> Any:
    """The sections of the postmortem's template, each with its place."""
    kept = (
        select(TemplateVersion.sections)
        .where(
            TemplateVersion.template_id == Postmortem.template_id,
            TemplateVersion.version == Postmortem.template_version,
        )
        .correlate(Postmortem)
        .scalar_subquery()
    )
    sections = func.coalesce(kept, cast(text_of("default_sections"), JSONB))
    listed = func.jsonb_array_elements(sections).table_valued(column("value", JSONB), with_ordinality="place")
    return listed.render_derived(name="part")


def _is_shareable(part: Any) -> ColumnElement[bool]:
    key, said = part.c.value["key"].astext, part.c.value["shareable"].astext
    return func.coalesce(cast(said, Boolean), key.in_(sorted(SHAREABLE_BY_DEFAULT)))


def _shares(key: str) -> ColumnElement[bool]:
    part = _parts()
    found: Select[Any] = (
        select(literal_column("1")).select_from(part).where(part.c.value["key"].astext == key, _is_shareable(part))
    )
    return exists(found.correlate(Postmortem))


def _sections() -> ColumnElement[Any]:
    part = _parts()
    key = part.c.value["key"].astext
    shown = json_object(key=key, title=part.c.value["title"].astext, text=func.coalesce(Section.body, ""))
    has_text = and_(key.not_in(sorted(LISTS)), func.btrim(Section.body, " \t\r\n") != "")
    written = part.outerjoin(Section, and_(Section.postmortem_id == Postmortem.id, Section.name == key))
    rows = select(json_list(shown, part.c.place)).select_from(written)
    return rows.where(_is_shareable(part), or_(has_text, key == TIMELINE)).correlate(Postmortem).scalar_subquery()


def _timeline() -> ColumnElement[Any]:
    event = json_object(
        at=instant_json(TimelineEvent.at),
        precision=TimelineEvent.precision,
        event=TimelineEvent.event,
        type=TimelineEvent.type,
    )
    events = select(json_list(event, TimelineEvent.at, TimelineEvent.ordinal))
    return events.where(TimelineEvent.postmortem_id == Postmortem.id, _shares(TIMELINE)).scalar_subquery()


def _attachments() -> ColumnElement[Any]:
    """Only those that a shareable section or a shared event refers to."""
    called = literal("attachment:", Text).concat(Attachment.id)
    part = _parts()
    section = part.join(Section, Section.name == part.c.value["key"].astext)
    in_section: Select[Any] = select(literal_column("1")).select_from(section)
    in_section = in_section.where(
        Section.postmortem_id == Postmortem.id, _is_shareable(part), func.strpos(Section.body, called) > 0
    ).correlate(Postmortem, Attachment)
    in_timeline: Select[Any] = select(literal_column("1")).select_from(TimelineEvent)
    in_timeline = in_timeline.where(
        TimelineEvent.postmortem_id == Postmortem.id, func.strpos(TimelineEvent.event, called) > 0
    ).correlate(Postmortem, Attachment)
    shown = json_object(
        id=Attachment.id,
        filename=Attachment.filename,
        media_type=Attachment.media_type,
        sha256=Attachment.sha256,
        width=Attachment.width,
        height=Attachment.height,
    )
    rows = select(json_list(shown, Attachment.id)).where(
        Attachment.postmortem_id == Postmortem.id,
        Attachment.ready_at.is_not(None),
        Attachment.removed_at.is_(None),
        or_(exists(in_section), and_(_shares(TIMELINE), exists(in_timeline))),
    )
    return rows.correlate(Postmortem).scalar_subquery()


def _services() -> ColumnElement[Any]:
    names = select(json_list(func.to_json(Service.name), Service.name)).join(PostmortemService)
    return names.where(PostmortemService.postmortem_id == Postmortem.id).scalar_subquery()


def _postmortem() -> ColumnElement[Any]:
    return json_object(
        number=Postmortem.number,
        title=Postmortem.title,
        services=_services(),
        duration=case((_shares("impact"), Postmortem.duration_minutes)),
        resolvedAt=instant_json(Postmortem.incident_resolved_at),
        publishedAt=instant_json(Postmortem.published_at),
        impact=case((_shares("impact"), Postmortem.impact_metrics), else_=literal_column("'{}'::jsonb")),
        sections=_sections(),
        timeline=_timeline(),
        attachments=_attachments(),
    )


def _read_postmortem(written: str) -> SharedPostmortem:
    read = json.loads(written)
    return SharedPostmortem(
        number=read["number"],
        title=read["title"],
        services=tuple(read["services"]),
        duration_minutes=read["duration"],
        resolved_at=_instant(read["resolvedAt"]),
        published_at=_instant(read["publishedAt"]),
        impact=read["impact"],
        sections=tuple(SharedSection(**one) for one in read["sections"]),
        timeline=tuple(
            SharedEvent(datetime.fromisoformat(one["at"]), one["precision"], one["event"], one["type"])
            for one in read["timeline"]
        ),
        attachments=tuple(SharedAttachment(**one) for one in read["attachments"]),
    )


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


# Statements


def _by_token() -> Select[Any]:
    is_summary, is_whole = (ShareLink.scope == one.value for one in (ShareScope.SUMMARY, ShareScope.POSTMORTEM))
    statement = select(
        ShareLink.id,
        ShareLink.password_hash,
        case((is_summary, PublicSummary.text)),
        case((is_summary, PublicSummary.published_at)),
        case((is_summary, PublicSummary.approved_at)),
        cast(case((is_whole, _postmortem())), Text),
    )
    statement = statement.select_from(ShareLink).join(Postmortem, Postmortem.id == ShareLink.postmortem_id)
    return statement.outerjoin(PublicSummary, PublicSummary.postmortem_id == Postmortem.id).where(
        ShareLink.token_hash == bindparam("token_hash", type_=LargeBinary()),
        ShareLink.revoked_at.is_(None),
        or_(ShareLink.expires_at.is_(None), ShareLink.expires_at > instant_of("now")),
        _is_reachable(),
        or_(and_(is_summary, _shows_summary()), and_(is_whole, Postmortem.status.in_(FINAL))),
    )


_BY_TOKEN = Prebuilt(_by_token())
_BY_ID = Prebuilt(select(cast(_postmortem(), Text)).where(Postmortem.id == text_of("id")))


async def find_shared(session: AsyncSession, token_hash: bytes, now: datetime) -> Shared | None:
    """None where the link is unknown, revoked, expired, or suspended."""
    row = await _BY_TOKEN.row(session, token_hash=token_hash, now=now, default_sections=_DEFAULT_SECTIONS)
    if row is None:
        return None
    link_id, password_hash, text, published_at, approved_at, postmortem = row
    if postmortem is not None:
        return Shared(link_id, password_hash, None, _read_postmortem(postmortem))
    return Shared(link_id, password_hash, SharedSummary(text, published_at, approved_at), None)


async def get_as_shared(session: AsyncSession, postmortem_id: str) -> SharedPostmortem:
    """What a link to this postmortem would show, whether or not there is one: for people who may see all of it."""
    row = await _BY_ID.row(session, id=postmortem_id, default_sections=_DEFAULT_SECTIONS)
    return _read_postmortem(row[0])


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """``key`` stays the same for the same postmortem."""

    key: str
    summary: SharedSummary


_ENTRIES = (
    select(
        PublicSummary.postmortem_id.label("id"),
        PublicSummary.text,
        PublicSummary.published_at,
        PublicSummary.approved_at,
    )
    .join(Postmortem, Postmortem.id == PublicSummary.postmortem_id)
    .where(PublicSummary.listed, _is_reachable(), _shows_summary())
    .order_by(PublicSummary.approved_at.desc(), PublicSummary.postmortem_id)
    .limit(number_of("limit"))
    .subquery("entries")
)
_FEED = Prebuilt(
    select(_ENTRIES.c.id, _ENTRIES.c.text, _ENTRIES.c.published_at, _ENTRIES.c.approved_at)
    .select_from(SharingSettings)
    .outerjoin(_ENTRIES, true())
    .where(SharingSettings.feed_enabled)
    .order_by(_ENTRIES.c.approved_at.desc(), _ENTRIES.c.id)
)


async def find_feed(session: AsyncSession, limit: int) -> Sequence[FeedEntry] | None:
    """The newest listed summaries; None while the feed is off."""
    rows = await _FEED.rows(session, limit=limit)
    if not rows:
        return None
    return [FeedEntry(row[0], SharedSummary(*row[1:])) for row in rows if row[0] is not None]

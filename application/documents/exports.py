"""Exporting postmortems: one as a document, written in another process, or the facts of a whole list."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from application import lone_work
from application.audit.audit_log import audit
from application.lone_work import Crashed, TooMuchWork
from domain import access
from domain.access import Verb, Viewer
from domain.content.attachment_links import referenced_in
from domain.documents.attachments import IMAGE_TYPES, object_key
from domain.documents.document import Document, DocumentAttachment
from domain.documents.formats import Format
from domain.errors import DomainError, NotExportable, TooLargeForOneAnswer
from domain.postmortems.lifecycle import Status
from integrations.documents import writers
from integrations.documents.texts import Image, Images
from integrations.object_store import ObjectStore
from models.documents import Attachment
from models.queries.documents import attachments
from models.queries.documents.postmortems import get_document
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible
from models.queries.postmortems.shown import ShownPostmortem
from models.queries.postmortems.shown_list import PostmortemFilters, list_shown
from models.session import Session, Sessions

BATCH_SIZE = 100
"""Postmortems of a list that are in memory at a time, with their texts."""
TOGETHER = lone_work.Limits(seconds=60, seconds_to_answer=120.0)
LARGEST = 50 * 1024**2
"""Bytes of one answer."""


async def read_for_export(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    kind: Format,
    now: datetime,
    base_url: str,
    *,
    with_comments: bool,
) -> Document:
    """Everything of the postmortem that the viewer may see; the export is audited. Raises NotFound, NotAllowed."""
    found = await read_document(session, viewer, postmortem_id, now, base_url, with_comments=with_comments)
    what = {"format": kind.value, "comments": with_comments}
    audit(session, viewer, "postmortem.exported", "postmortem", postmortem_id, postmortem_id=postmortem_id, after=what)
    return found


async def read_document(
    session: Session, viewer: Viewer, postmortem_id: str, now: datetime, base_url: str, *, with_comments: bool
) -> Document:
    """Everything of the postmortem that the viewer may see. Raises NotFound, NotAllowed."""
    if with_comments:
        visible = await get_visible(session, viewer, postmortem_id)
        access.check(Verb.EXPORT_COMMENTS, Status(visible.postmortem.status), visible.relations)
    found = await get_document(session, viewer, postmortem_id, now, base_url, with_comments=with_comments)
    attached = await attachments.list_all(session, viewer, postmortem_id)
    return replace(found, attachments=tuple(map(_attachment, attached)))


def _attachment(row: Attachment) -> DocumentAttachment:
    return DocumentAttachment(row.id, row.filename, row.media_type, row.size, row.sha256, row.width, row.height)


async def read_images(store: ObjectStore, document: Document, kind: Format) -> Images:
    """The images that the texts refer to, for formats that hold them. One whose bytes are gone is left out.

    Raises StorageUnavailable, and TooLargeForOneAnswer where they alone are too much."""
    if kind not in {Format.PDF, Format.HTML, Format.WORD}:
        return {}
    wanted = {id_ for text in document.texts() if "attachment:" in text for id_ in referenced_in(text)}
    images = [one for one in document.attachments if one.id in wanted and one.media_type in IMAGE_TYPES]
    if sum(one.size for one in images) > LARGEST:
        raise _too_large(kind)
    found = {}
    for one in images:
        content = await store.read(object_key(one.id))
        if content is not None and one.width and one.height:
            found[one.id] = Image(one.media_type, content, one.width, one.height)
    return found


def _too_large(kind: Format) -> TooLargeForOneAnswer:
    return TooLargeForOneAnswer(
        format=kind.value, seconds=lone_work.DEFAULT.seconds, megabytes=LARGEST // 1024**2, instead="/api/exports"
    )


async def write(document: Document, kind: Format, images: Images) -> bytes:
    """The file. Holds no connection of the database. Raises TooLargeForOneAnswer, NotExportable, TooMuchText."""
    try:
        written = await lone_work.run_alone(writers.write, kind, document, images)
    except TooMuchWork:
        raise _too_large(kind) from None
    except Crashed:
        raise NotExportable(format=kind.value) from None
    if len(written) > LARGEST:
        raise _too_large(kind)
    return written


async def write_many(wanted: Sequence[tuple[Format, Document, Images]]) -> list[bytes | DomainError]:
    """The files, or what each was refused with. Most of the time of a small one is the start of its process, so many
    share one; if that process is too slow for all of them or crashes, each gets its own."""
    try:
        return list(await lone_work.run_alone(writers.write_many, wanted, limits=TOGETHER))
    except (TooMuchWork, Crashed, NotExportable):
        return [await _written(*one) for one in wanted]


async def _written(kind: Format, document: Document, images: Images) -> bytes | DomainError:
    try:
        return await write(document, kind, images)
    except DomainError as refusal:
        return refusal


async def export_postmortems(
    sessions: Sessions, viewer: Viewer, filters: PostmortemFilters, now: datetime
) -> AsyncIterator[ShownPostmortem]:
    """Yields every matching postmortem that the viewer may see. Each batch has its own transaction, so a slow client
    does not hold one open."""
    cursor: str | None = None
    while True:
        async with sessions.begin() as session:
            page = await list_shown(session, viewer, filters, Ask(BATCH_SIZE, cursor), now)
        for one in page.items:
            yield one
        cursor = page.next_cursor
        if cursor is None:
            return

"""Use cases of attachments: add, list, read, delete, and sweep away what nothing refers to.

An upload takes two transactions, because its bytes go to the object store between them: the first leaves a row that
no one sees, and the second shows it. If the process is killed in between, the sweep deletes the row and its bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from application import text_work
from application.audit.audit_log import audit
from domain import access
from domain.access import Verb, Viewer
from domain.documents.attachments import TOTAL_LIMIT, clean_filename, object_key, thumbnail_key
from domain.errors import AttachmentInUse, Fact, NotFound, TooManyAttachments, reason
from domain.postmortems.lifecycle import Status
from integrations.files import Examined, examine
from integrations.object_store import ObjectStore
from models.documents import Attachment
from models.queries.documents import attachments as queries
from models.queries.documents.attachments import Place, ShownAttachment
from models.queries.pagination import Ask, Page
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session, Sessions

UNUSED_FOR = timedelta(days=7)
INTERRUPTED_FOR = timedelta(hours=1)
SWEPT_TOGETHER = 100
SECONDS_TO_EXAMINE = 20.0
"""Of a processor: a large image takes a few."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file before it is examined. ``filename`` is the caller's, ``size`` in bytes."""

    filename: str
    size: int
    is_for_comment: bool


async def check_upload(session: Session, viewer: Viewer, postmortem_id: str, file: NewFile) -> None:
    """Raises NotFound, NotAllowed, EditingClosed or TooManyAttachments before any work is done."""
    seen = await get_visible(session, viewer, postmortem_id)
    _check_may_add(seen, is_for_comment=file.is_for_comment)
    await _check_total(session, postmortem_id, file.size)


def _check_may_add(seen: VisiblePostmortem, *, is_for_comment: bool) -> None:
    status = Status(seen.postmortem.status)
    if is_for_comment:
        access.check(Verb.COMMENT, status, seen.relations)
    else:
        access.check_edit(status, seen.relations)


async def _check_total(session: Session, postmortem_id: str, size: int, besides: str | None = None) -> None:
    total = await queries.sum_sizes(session, postmortem_id, besides=besides) + size
    if total > TOTAL_LIMIT:
        raise TooManyAttachments(limit=TOTAL_LIMIT, size=total)


async def begin_upload(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    attachment_id: str,
    file: NewFile,
    examined: Examined,
    now: datetime,
) -> None:
    """Makes room for it. Raises as :func:`check_upload` does."""
    seen = await get_visible(session, viewer, postmortem_id, lock=True)
    _check_may_add(seen, is_for_comment=file.is_for_comment)
    await _check_total(session, postmortem_id, examined.size, besides=attachment_id)
    await queries.insert_attachment(
        session,
        {
            "id": attachment_id,
            "postmortem_id": postmortem_id,
            "filename": clean_filename(file.filename),
            "media_type": examined.media_type,
            "size": examined.size,
            "sha256": examined.sha256,
            "width": examined.width,
            "height": examined.height,
            "is_for_comment": file.is_for_comment,
            "uploaded_by": viewer.person_id,
            "created_at": now,
            "checked_at": now,
        },
    )


async def finish_upload(session: Session, viewer: Viewer, attachment_id: str, now: datetime) -> ShownAttachment:
    """Makes it visible to the readers of the postmortem. Raises NotFound if the postmortem is gone by now."""
    row = await queries.lock_attachment_unscoped(session, attachment_id)
    if row is None or row.postmortem_id is None or row.removed_at is not None:
        raise NotFound(kind="attachment", id=attachment_id)
    if row.ready_at is None:
        row.ready_at = now
        after = {"filename": row.filename, "mediaType": row.media_type, "size": row.size, "sha256": row.sha256}
        audit(session, viewer, "attachment.added", "attachment", row.id, postmortem_id=row.postmortem_id, after=after)
    await session.flush()
    return ShownAttachment(row, 0)


async def list_attachments(session: Session, viewer: Viewer, postmortem_id: str, ask: Ask) -> Page[ShownAttachment]:
    """Raises NotFound."""
    await get_visible(session, viewer, postmortem_id)
    return await queries.list_attachments(session, viewer, postmortem_id, ask)


async def get_attachment(
    session: Session, viewer: Viewer, attachment_id: str, postmortem_id: str | None = None
) -> Attachment:
    """Of that postmortem, if one is named. Raises NotFound."""
    if postmortem_id is not None:
        await get_visible(session, viewer, postmortem_id)
    found = await queries.get_attachment(session, viewer, attachment_id)
    if found.postmortem_id is None or postmortem_id not in {None, found.postmortem_id}:
        raise NotFound(kind="attachment", id=attachment_id)
    if postmortem_id is None:  # an administrator's read of a private one is audited
        await get_visible(session, viewer, found.postmortem_id)
    return found


async def remove_attachment(
    session: Session, viewer: Viewer, postmortem_id: str, attachment_id: str, now: datetime, *, force: bool
) -> None:
    """Hides it at once; the sweep deletes its bytes later.

    The person who uploaded a file for a comment can always delete it. Raises NotFound, EditingClosed,
    AttachmentInUse.
    """
    seen = await get_visible(session, viewer, postmortem_id, lock=True)
    row = (await queries.list_referenced(session, viewer, postmortem_id, [attachment_id])).get(attachment_id)
    if row is None or not (row.is_for_comment and row.uploaded_by == viewer.person_id):
        access.check_edit(Status(seen.postmortem.status), seen.relations)
    if row is None:
        raise NotFound(kind="attachment", id=attachment_id)
    places = await queries.list_places(session, row)
    if places and not force:
        raise AttachmentInUse(count=len(places), reasons=[_place(one) for one in places[:50]])
    row.removed_at = now
    before = {"filename": row.filename, "mediaType": row.media_type, "size": row.size, "sha256": row.sha256}
    audit(session, viewer, "attachment.removed", "attachment", row.id, postmortem_id=postmortem_id, before=before)


def _place(place: Place) -> dict[str, Fact]:
    names = {
        "section": f"The section '{place.id}' refers to it",
        "comment": "A comment refers to it",
        "timeline": "An event of the timeline refers to it",
        "actionItem": "An action item refers to it",
        "customFields": "A custom field refers to it",
    }
    return reason("in_use", names[place.kind], kind=place.kind, id=place.id)


async def examine_file(path: Path, size: int) -> Examined:
    """What a file of so many bytes is, found out in another process. Raises ImageUnreadable."""
    return await text_work.run(examine, str(path), length=size, seconds=SECONDS_TO_EXAMINE)


async def store_file(store: ObjectStore, attachment_id: str, examined: Examined) -> None:
    """Its bytes, and an image's thumbnail. May run twice. Raises StorageUnavailable."""
    await store.put(object_key(attachment_id), Path(examined.path))
    if examined.thumbnail is not None:
        await store.put(thumbnail_key(attachment_id), Path(examined.thumbnail))


async def sweep(sessions: Sessions, store: ObjectStore, now: datetime) -> Sequence[str]:
    """Removes files that no text has referred to for a week, and deletes the bytes and rows of all that were removed.

    May run twice: the bytes go first, and the row with the knowledge of them last. Returns the ids of what was deleted.
    """
    async with sessions.begin() as session:
        await queries.settle_unused(session, now - UNUSED_FOR, now, SWEPT_TOGETHER)
    interrupted = now - INTERRUPTED_FOR
    async with sessions.begin() as session:
        ids = await queries.list_leftovers_unscoped(session, interrupted, SWEPT_TOGETHER)
    for one in ids:
        await store.delete(object_key(one))
        await store.delete(thumbnail_key(one))
    if ids:
        async with sessions.begin() as session:
            await queries.delete_leftovers(session, ids, interrupted)
    return ids

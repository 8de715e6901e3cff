"""What administrators decide about sharing: the names of internal tools, and whether the public feed is on."""

from collections.abc import Sequence
from datetime import datetime

from application.audit.audit_log import audit
from domain.access import Viewer
from domain.errors import StaleVersion
from models.queries.sharing.summaries import get_settings
from models.session import Session
from models.sharing import SharingSettings


async def change_settings(
    session: Session,
    viewer: Viewer,
    *,
    internal_tools: Sequence[str],
    feed_enabled: bool,
    expected_version: int | None,
    now: datetime,
) -> SharingSettings:
    """Replaces both. What changes nothing makes no version. The caller checks who may. Raises StaleVersion."""
    row = await get_settings(session, lock=True)
    if expected_version is not None and expected_version != row.version:
        raise StaleVersion(expected=str(expected_version), current=row.version)
    before = _told(row)
    row.internal_tools, row.feed_enabled = list(dict.fromkeys(internal_tools)), feed_enabled
    if (after := _told(row)) != before:
        row.version += 1
        row.updated_at = now
        audit(session, viewer, "sharing_settings.updated", "sharing_settings", "sharing", before=before, after=after)
    await session.flush()
    return row


def _told(row: SharingSettings) -> dict[str, object]:
    return {"internalTools": list(row.internal_tools), "feedEnabled": row.feed_enabled}

"""A connection that stops working needs attention, and an administrator is notified; so they are when it recovers."""

from datetime import datetime

from application.notifications.notices import notify
from domain.notifications.notices import NoticeKind
from models.integration import Integration
from models.queries.connections.connections import find_integration_for_update, find_not_known_to_work
from models.queries.people.people import list_administrators
from models.session import Session


async def record_trouble(
    session: Session, integration_id: str, why: str, now: datetime, *, team_id: str | None = None
) -> bool:
    """Marks the connection as needing attention. True if it was not marked before.

    An administrator is notified once, until the connection has recovered or its credentials are renewed. ``why`` is
    shown to people and holds no credentials. With ``team_id`` only that team's channel is in trouble; trouble of the
    whole connection replaces it.

    Locks the connection's row: call it last in a transaction that locks others.
    """
    row = await find_integration_for_update(session, integration_id)
    if row is None or row.disconnected_at is not None:
        return False
    was_marked = row.needs_attention is not None
    is_wider = was_marked and row.attention_of is not None and team_id is None
    if was_marked and not is_wider:
        if row.attention_of == team_id:
            row.needs_attention = why[:1000]
        return False
    row.needs_attention, row.attention_of, row.troubled_at = why[:1000], team_id, now
    await _notify_administrator(session, row, NoticeKind.CONNECTION_NEEDS_ATTENTION, now)
    return True


async def record_recovery(session: Session, integration_id: str, now: datetime, *, team_id: str | None = None) -> bool:
    """Call after any request that the vendor accepted. If the connection was in trouble, its mark is removed and the
    administrator is notified. Takes no lock if it was not, and is known to work."""
    if await find_not_known_to_work(session, integration_id, team_id) is None:
        return False
    row = await find_not_known_to_work(session, integration_id, team_id, lock=True)
    if row is None:
        return False
    row.verified_at = row.verified_at or now
    if row.troubled_at is None or row.attention_of not in {None, team_id}:
        return False
    await _notify_administrator(session, row, NoticeKind.CONNECTION_WELL_AGAIN, now)
    row.needs_attention = row.attention_of = row.troubled_at = None
    return True


async def _notify_administrator(session: Session, row: Integration, kind: NoticeKind, now: datetime) -> None:
    """Notifies who added the connection if they are still an administrator, or else the longest-serving one."""
    administrators = await list_administrators(session)
    receivers = [row.created_by_id] if row.created_by_id in administrators else administrators[:1]
    since = row.troubled_at.isoformat() if row.troubled_at else ""
    await notify(session, receivers, kind, f"{row.id}:{kind}:{since}", at=now, integration_id=row.id)

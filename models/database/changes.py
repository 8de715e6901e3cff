"""What a transaction changed, handed on once it is committed, outside of it.

A commit that notifies queues behind every other one that does: PostgreSQL takes one lock for all of them. So no command
notifies; whoever opened the sessions gets what was changed, and tells it in a transaction of its own.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session as SyncSession

from domain.live.changes import Change

_PENDING = "afterword.changes"
_OUTBOX = "afterword.outbox"
Outbox = Callable[[Iterable[Change]], None]
"""Takes what was committed, and returns at once."""


class NotingSession(SyncSession):
    """Each session of ours: see :func:`note_changes`."""


def note_changes(session: AsyncSession, changes: Iterable[Change]) -> None:
    """To be told when the session's transaction is committed; forgotten if it is rolled back."""
    session.info.setdefault(_PENDING, {}).update(dict.fromkeys(changes))


def outbox_info(outbox: Outbox | None) -> dict[str, object]:
    """For ``info`` of a sessionmaker."""
    return {} if outbox is None else {_OUTBOX: outbox}


@event.listens_for(NotingSession, "after_commit")
def _hand_on(session: SyncSession) -> None:
    if session.in_nested_transaction():
        return
    changes, outbox = session.info.pop(_PENDING, None), session.info.get(_OUTBOX)
    if changes and outbox is not None:
        outbox(changes)


@event.listens_for(NotingSession, "after_rollback")
def _forget(session: SyncSession) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_PENDING, None)

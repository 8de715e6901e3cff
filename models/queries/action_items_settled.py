"""Settling many items at once, at instants of their own: what became of the items of demo data."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.prebuilt import Prebuilt

_SETTLE = Prebuilt(
    text(
        """
        update action_item set status = given.status, justification = given.justification, updated_at = given.at,
            completed_at = case when given.status = 'COMPLETED' then given.at end, version = version + 1
        from jsonb_to_recordset(cast(:rows as jsonb))
            as given (id text, status text, justification text, at timestamptz)
        where action_item.id = given.id
        """
    )
)


async def settle_items(session: AsyncSession, changes: Sequence[Mapping[str, Any]]) -> None:
    """``changes`` have an ``id``, a ``status``, a ``justification`` or None, and the instant ``at``. The database adds
    each change to the history of its item."""
    rows = [{**one, "at": one["at"].isoformat()} for one in changes]
    await _SETTLE.write(session, rows=json.dumps(rows))

"""Many rows are locked in one order, so that two transactions which change the same ones don't wait for each other.

Rows to which others refer, such as postmortems, action items and services, are locked ``for no key update``: rows that
refer to them can still be added. Whoever adds one would otherwise wait for a transaction that may be waiting for them.
Incidents are the exception: see :mod:`models.queries.incidents.reported`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text


async def change_in_order(
    session: AsyncSession,
    model: Any,
    values: Mapping[str, Any],
    *conditions: ColumnElement[bool],
    by: Sequence[Any] = (),
) -> int:
    """Changes the rows that these conditions choose, after locking them in the order of their ids; how many.

    ``by`` are other columns that give the order.

    In two statements: an update that locks them in a subquery begins with their versions from before it waited. If one
    of these is still referred to by another transaction, it waits for the next in the queue, who waits for it.
    """
    chosen = select(model.id).where(*conditions).order_by(*by or (model.id,))
    ids = list((await session.execute(chosen.with_for_update(key_share=True))).scalars())
    if ids:
        await session.execute(update(model).where(model.id == any_(literal(ids, ARRAY(Text)))).values(values))
    return len(ids)


async def lock_to_delete(session: AsyncSession, model: Any, *conditions: ColumnElement[bool]) -> None:
    """Waits for whoever refers to these rows, before the rows that refer to them are locked."""
    await session.execute(select(model.id).where(*conditions).order_by(model.id).with_for_update())

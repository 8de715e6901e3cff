"""Many rows are locked in one order, so that two transactions which change the same ones don't wait for each other.

Rows to which others refer, such as postmortems, action items and services, are locked ``for no key update``: rows that
refer to them can still be added. Whoever adds one would otherwise wait for a transaction that may be waiting for them.
Incidents are the exception: see :mod:`models.queries.incidents.reported`.
"""

from typing import Any

from sqlalchemy import ColumnElement, select


def in_order(model: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows that these conditions choose, for an update; they are locked by their ids."""
    chosen = select(model.id).where(*conditions).order_by(model.id)
    found: ColumnElement[bool] = model.id.in_(chosen.with_for_update(key_share=True))
    return found

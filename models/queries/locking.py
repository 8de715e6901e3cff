"""Many rows are locked in one order, so that two transactions which change the same ones don't wait for each other."""

from typing import Any

from sqlalchemy import ColumnElement, select


def in_order(model: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows that these conditions choose, for an update; they are locked by their ids."""
    chosen = select(model.id).where(*conditions).order_by(model.id)
    found: ColumnElement[bool] = model.id.in_(chosen.with_for_update(key_share=True))
    return found

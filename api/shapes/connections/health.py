"""Response shape of a connection's health."""

from datetime import datetime
from typing import Any

from api.shapes.base import Shape
from application.connections.registrations import read_registration
from domain.action_items.action_item import LinkState
from domain.connections.health import (
    OBJECTIVE,
    ConnectionState,
    RegistrationState,
    connection_state,
    registration_state,
)
from integrations import registry
from models.integration import Integration
from models.queries.connections.health import Figures, Hour


class WindowOut(Shape):
    """``burn`` is how fast the error budget is used: 1 uses it up exactly in seven days."""

    hours: int
    attempts: int
    errors: int
    burn: float


class BudgetOut(Shape):
    """``objective`` is the share of attempts that should succeed. ``left`` is the remaining share of allowed errors
    over the longest window, from 1 to 0."""

    objective: float
    left: float
    windows: list[WindowOut]


class HourOut(Shape):
    at: datetime
    attempts: int
    errors: int


class RegistrationHealth(Shape):
    state: RegistrationState
    expires_at: datetime | None


class PendingOut(Shape):
    """Tickets that aren't created yet. ``ageSeconds`` is the age of the oldest."""

    count: int
    since: datetime | None
    age_seconds: int


class HealthOut(Shape):
    """``healed`` counts changes that reconciliation found without a webhook. ``links`` counts linked tickets by
    state, ``pending`` those not created yet, ``waiting`` webhooks not processed yet. ``hours`` covers the last 48
    hours."""

    state: ConnectionState
    needs_attention: str | None
    troubled_at: datetime | None
    last_webhook_at: datetime | None
    last_reconciled_at: datetime | None
    healed: int
    links: dict[LinkState, int]
    dead_links: int
    pending: PendingOut
    waiting: PendingOut
    budget: BudgetOut
    registration: RegistrationHealth
    hours: list[HourOut]


DEAD = (LinkState.DELETED, LinkState.FORBIDDEN, LinkState.REFUSED)
"""Links that only a person can repair."""


def health_out(row: Integration, figures: Figures, hours: list[Hour], now: datetime) -> HealthOut:
    registered = read_registration(row.registration)
    until = registered.expires_at if registered else None
    links = {one: figures.links.get(one.value, 0) for one in LinkState}
    return HealthOut(
        state=connection_state(
            enabled=row.is_enabled,
            disconnected=row.disconnected_at is not None,
            troubled=row.needs_attention is not None,
            proven=is_proven(row),
        ),
        needs_attention=row.needs_attention,
        troubled_at=row.troubled_at,
        last_webhook_at=row.last_webhook_at,
        last_reconciled_at=row.last_reconciled_at,
        healed=row.healed,
        links=links,
        dead_links=sum(links[one] for one in DEAD),
        pending=_pending(links[LinkState.PENDING], figures.pending_since, now),
        waiting=_pending(figures.waiting, figures.waiting_since, now),
        budget=_budget(figures),
        registration=RegistrationHealth(state=registration_state(registered is not None, until, now), expires_at=until),
        hours=[HourOut.model_validate(one) for one in hours],
    )


def is_proven(row: Integration) -> bool:
    """A source of incidents only sends us webhooks."""
    return (row.verified_at if registry.speaks(row.kind) else row.last_webhook_at) is not None


def _pending(count: int, since: datetime | None, now: datetime) -> PendingOut:
    age = max(0, int((now - since).total_seconds())) if since else 0
    return PendingOut(count=count, since=since, age_seconds=age)


def _budget(figures: Figures) -> BudgetOut:
    windows: list[Any] = [
        WindowOut(hours=one.hours, attempts=one.attempts, errors=one.errors, burn=round(one.burn, 2))
        for one in figures.budget.windows
    ]
    return BudgetOut(objective=OBJECTIVE, left=figures.budget.left, windows=windows)

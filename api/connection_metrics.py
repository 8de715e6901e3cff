"""Connections as Prometheus gauges, read from the database at each scrape: they are the same from every process.

Labels are a connection's id and kind, never its name or address.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.shapes.connections.health import is_proven
from domain.action_items.action_item import LinkState
from domain.connections.health import ConnectionState, connection_state
from models.integration import Integration
from models.queries.connections import health
from models.queries.connections.health import Figures
from models.session import Sessions

MOST = 500
"""Connections in one scrape."""
NAMED = ["integration", "kind"]


async def connection_metrics(sessions: Sessions, now: datetime) -> bytes:
    async with sessions.begin() as session:
        rows = await health.list_connected_unscoped(session, MOST)
        figures = await health.figures_of(session, [one.id for one in rows], now)
    registry = CollectorRegistry()
    registry.register(_Connections([(one, figures[one.id]) for one in rows], now))
    return generate_latest(registry)


class _Connections(Collector):
    def __init__(self, found: list[tuple[Integration, Figures]], now: datetime) -> None:
        self._found = found
        self._now = now

    def collect(self) -> Iterator[Metric]:
        state = _gauge("state", "1 for the state that the connection is in", "state")
        links = _gauge("links", "Links between action items and tickets, by state", "state")
        attempts = _gauge("attempts", "Attempts in either direction over the window", "window")
        errors = _gauge("errors", "Failed attempts over the window", "window")
        left = _gauge("error_budget_left", "Share of the error budget left over seven days")
        pending = _gauge("pending_age_seconds", "Age of the oldest link that is not created yet")
        waiting = _gauge("waiting_deliveries", "Webhooks received but not processed yet")
        webhook = _gauge("last_webhook_timestamp_seconds", "When the last webhook arrived")
        reconciled = _gauge("last_reconciled_timestamp_seconds", "When the last reconciliation ended")
        healed = CounterMetricFamily(
            "afterword_connection_healed", "Changes that reconciliation found without a webhook", labels=NAMED
        )
        for row, figures in self._found:
            key = [row.id, row.kind]
            _each(state, key, _states(row))
            _each(links, key, {one.value: figures.links.get(one.value, 0) for one in LinkState})
            for window in figures.budget.windows:
                attempts.add_metric([*key, f"{window.hours}h"], window.attempts)
                errors.add_metric([*key, f"{window.hours}h"], window.errors)
            left.add_metric(key, figures.budget.left)
            pending.add_metric(key, self._age(figures.pending_since))
            waiting.add_metric(key, figures.waiting)
            healed.add_metric(key, row.healed)
            for gauge, at in ((webhook, row.last_webhook_at), (reconciled, row.last_reconciled_at)):
                if at is not None:
                    gauge.add_metric(key, at.timestamp())
        yield from (state, links, attempts, errors, left, pending, waiting, webhook, reconciled, healed)

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._now - since).total_seconds()) if since else 0.0


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"afterword_connection_{name}", words, labels=[*NAMED, *labels])


def _each(gauge: GaugeMetricFamily, key: list[str], values: Mapping[str, int]) -> None:
    for name, value in values.items():
        gauge.add_metric([*key, name], value)


def _states(row: Integration) -> dict[str, int]:
    now = connection_state(
        enabled=row.is_enabled,
        disconnected=False,
        troubled=row.needs_attention is not None,
        proven=is_proven(row),
    )
    return {one.value: int(one is now) for one in ConnectionState if one is not ConnectionState.DISCONNECTED}

"""Keeping Temporal's schedules in line with the connections to trackers, which are reconciled regularly."""

from datetime import timedelta

from integrations import registry
from models.queries.connections import registrations
from models.session import Sessions
from runtime.dispatch import Dispatch


class ReconciliationSchedules:
    """Each connected tracker is reconciled every ``interval``."""

    def __init__(self, sessions: Sessions, dispatch: Dispatch, interval: timedelta) -> None:
        self._sessions = sessions
        self._dispatch = dispatch
        self._interval = interval

    async def update_schedules(self) -> None:
        """Each connection has a schedule, a paused one has a paused schedule, and a disconnected one has none."""
        async with self._sessions.begin() as session:
            wanted = await registrations.list_trackers_unscoped(session, registry.tracker_kinds())
        existing = await self._dispatch.list_schedules()
        for integration_id, kind, enabled in wanted:
            if existing.get(integration_id) != (not enabled, self._interval):
                await self._dispatch.keep_schedule(integration_id, kind, paused=not enabled, every=self._interval)
        for integration_id in existing.keys() - {one for one, _, _ in wanted}:
            await self._dispatch.drop_schedule(integration_id)

    async def reconcile_requested(self) -> None:
        """Reconciles at once what was just connected, enabled or given other credentials, and registers our webhook."""
        async with self._sessions.begin() as session:
            requests = await registrations.list_reconciliation_requests_unscoped(session, registry.tracker_kinds())
        for integration_id, kind, since in requests:
            kept = await self._dispatch.keep_schedule(integration_id, kind, paused=False, every=self._interval)
            if not kept or not await self._dispatch.reconcile_now(integration_id):
                return
            async with self._sessions.begin() as session:
                await registrations.clear_reconciliation_request(session, integration_id, since)

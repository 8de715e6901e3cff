"""Signals the workflows of action items that webhooks wait for them, a few at a time and once for what came meanwhile.

A burst of webhooks about one item needs one signal, because the workflow's activity takes all that waits for the item.
The recorded deliveries are the outbox: what is lost with this process, the worker's background job signals.
"""

import asyncio

from runtime.dispatch import Dispatch

AT_ONCE = 8
"""Commands of people use the same connection to Temporal."""

PAUSE = 0.5
"""Seconds between two signals for one item. Trackers tell of one change in several webhooks."""


class TicketSignals:
    def __init__(self, dispatch: Dispatch, pause: float = PAUSE) -> None:
        self._dispatch = dispatch
        self._pause = pause
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting: dict[str, int] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}

    def send(self, action_item_id: str, delivery: int) -> None:
        """Returns at once. Call it after the delivery is committed."""
        self._waiting[action_item_id] = delivery
        if action_item_id not in self._sending:
            self._sending[action_item_id] = asyncio.create_task(self._send(action_item_id))

    async def _send(self, action_item_id: str) -> None:
        try:
            while action_item_id in self._waiting:
                async with self._free:
                    delivery = self._waiting.pop(action_item_id)
                    await self._dispatch.signal_ticket_event(action_item_id, delivery)
                await asyncio.sleep(self._pause)
        finally:
            del self._sending[action_item_id]

    async def close(self) -> None:
        """Waits for the signals that are on their way."""
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

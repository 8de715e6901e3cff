"""An activity's requests to a vendor: on a thread, between transactions, with heartbeats to Temporal."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from activities.heartbeat import beating
from activities.refusals import as_failure
from domain.errors import CredentialsLocked
from integrations import registry
from integrations.tracker import Tracker
from models.integration import Integration
from models.keyring import Keyring

T = TypeVar("T")


class Conversation:
    """Requests through one connection. ``calls`` counts them, ``request_id`` is the vendor's own id of the last one.

    ``account`` is the one that we act as; with ``introduced`` the vendor is asked for it if it is not known. The
    credentials are in memory no longer than one :meth:`ask`."""

    def __init__(self, integration: Integration, keyring: Keyring, *, introduced: bool = False) -> None:
        self._integration = integration
        self._keyring = keyring
        self.calls = 0
        self.request_id: str | None = None
        self.account: str | None = integration.account
        self._introduced = introduced

    @property
    def tracker(self) -> type[Tracker]:
        return registry.tracker(self._integration.kind)

    async def ask(self, say: Callable[[Tracker], T]) -> T:
        """What ``say`` answers, on a thread; raises what it raises. With the wrong keys in this process the attempt
        fails, and another worker may make the next one."""
        return await beating(asyncio.to_thread(self._ask, say))

    def _ask(self, say: Callable[[Tracker], T]) -> T:
        row = self._integration
        try:
            secrets = self._keyring.open(row.secrets)
        except CredentialsLocked as locked:  # the fault of this process, and no refusal of the vendor's
            raise as_failure(locked) from None
        with registry.connect(row.kind, row.config, secrets, row.kept_host) as tracker:
            try:
                if self.account is None and self._introduced:
                    self.account = tracker.own_account()
                return say(tracker)
            finally:
                self.calls += tracker.calls
                self.request_id = tracker.request_id

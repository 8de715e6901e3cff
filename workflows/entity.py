"""What the workflows of postmortems and of action items have in common.

Such a workflow keeps a snapshot of its row, carries out one command at a time, and has one timer: for when the next
reminder is due. A subclass says how its row is read, how a command is committed, and how reminders are sent.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.escalation.deadlines import Deadline
    from workflows.attributes import Attributes
    from workflows.store import StoreAway


class Snapshot(Protocol):
    @property
    def status(self) -> str: ...
    @property
    def team_ids(self) -> Sequence[str]: ...
    @property
    def exists(self) -> bool: ...
    @property
    def is_over(self) -> bool: ...
    @property
    def next_look(self) -> Deadline | None: ...
    @property
    def next_deadline(self) -> Deadline | None: ...


S = TypeVar("S", bound=Snapshot)


class EntityWorkflow(ABC, Generic[S]):
    """``_stale`` says that the row changed after the snapshot was taken. ``searchable`` ones keep their state in search
    attributes: those that began before December 2026, as their histories have it."""

    def __init__(self, entity_id: str, snapshot: S | None, *, searchable: bool) -> None:
        self._id = entity_id
        self._snapshot = snapshot
        self._stale = snapshot is None
        self._lock = asyncio.Lock()
        self._searchable = searchable
        self._shown: Attributes | None = None

    # What differs

    @abstractmethod
    async def _read_row(self) -> S: ...

    @abstractmethod
    async def _commit(self, command: Any) -> S:
        """Raises the refusal, or :class:`StoreAway`."""

    @abstractmethod
    async def _send_reminders(self, look: Deadline) -> S: ...

    @abstractmethod
    def _details(self, snapshot: S) -> str:
        """What operators read about it, in Markdown."""

    def _has_news(self, look: Deadline | None) -> bool:
        """Whether there is something to do before ``look``."""
        return self._stale or self._is_over() or self._next_look() != look or self._may_continue_as_new()

    # What is the same

    @workflow.signal
    def look_again(self) -> None:
        self._stale = True

    def _is_over(self) -> bool:
        return self._snapshot is not None and self._snapshot.is_over and not self._stale

    def _next_look(self) -> Deadline | None:
        return self._snapshot.next_look if self._snapshot else None

    def _may_continue_as_new(self) -> bool:
        return workflow.info().is_continue_as_new_suggested()

    async def _load(self) -> None:
        async with self._lock:
            self._stale = False
            self._keep(await self._read_row())

    async def _carry_out(self, command: Any) -> S:
        """If the database is away, only the row knows whether the command was committed: it is read again."""
        async with self._lock:
            try:
                snapshot = await self._commit(command)
            except StoreAway:
                self._stale = True
                raise
            self._keep(snapshot)
        return snapshot

    async def _remind(self, look: Deadline) -> None:
        async with self._lock:
            if self._next_look() == look:
                self._keep(await self._send_reminders(look))

    async def _wait(self, look: Deadline | None, summary: str) -> None:
        """Until ``look`` is due, or there is news."""
        try:
            await workflow.wait_condition(
                lambda: self._has_news(look),
                timeout=look.at - workflow.now() if look else None,
                timeout_summary=summary if look else None,
            )
        except TimeoutError:
            return

    def _keep(self, snapshot: S) -> None:
        """Also shows it to operators."""
        self._snapshot = snapshot
        if self._searchable:
            self._show_attributes(snapshot)
        workflow.set_current_details(self._details(snapshot))

    def _show_attributes(self, snapshot: S) -> None:
        status = snapshot.status if snapshot.exists else "DELETED"
        shown = Attributes.of(status, snapshot.team_ids, snapshot.next_deadline)
        if shown != self._shown:
            workflow.upsert_search_attributes(shown.updates())
            self._shown = shown

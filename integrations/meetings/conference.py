"""The contract of video services: what ``integrations/conferences/`` holds and what activities call.

A service is one file there, found by its name, and synchronous. It makes a link for a meeting, at most one for each
``key``: what an earlier call has made is found by it. Errors are ``CredentialsRejected``, ``ConferenceRefused`` (with
the vendor's own words), and :class:`ConferenceUnavailable`, a stumble. No text or repr of an error holds a credential.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Self

from domain.errors import ConferenceRefused
from domain.meetings.meeting import ConferenceKind, EventTimes
from integrations.connection import ConnectionModel
from integrations.tracker import PermissionCheck


class ConferenceUnavailable(Exception):
    """A stumble: the vendor is away, or limits our rate. ``retry_after`` is in seconds, None where it is not told."""

    def __init__(self, service: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{service} is unavailable: {detail}")
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Call:
    """The meeting that a link is for. ``key`` tells it from every other one, and stays."""

    key: str
    title: str
    times: EventTimes
    time_zone: str


@dataclass(frozen=True, slots=True)
class CallThere:
    """``url`` is where people join."""

    id: str
    url: str


class Conference(ABC):
    """A video service, seen through one connection."""

    label: ClassVar[str]
    kind: ClassVar[ConferenceKind]
    Config: ClassVar[type[ConnectionModel]]
    Secrets: ClassVar[type[ConnectionModel]]

    kept_host: str | None = None
    """A host that this connection may reach although its address is private; see ``integrations.outbound.policy``."""
    calls: int = 0
    request_id: str | None = None

    @abstractmethod
    def __init__(self, config: ConnectionModel, secrets: ConnectionModel) -> None:
        """``config`` and ``secrets`` are instances of this class's ``Config`` and ``Secrets``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Gives connections back; safe to call twice."""

    def unavailable(self, detail: str, retry_after: float | None = None) -> ConferenceUnavailable:
        return ConferenceUnavailable(self.label, detail, retry_after)

    def refused(self, detail: str) -> ConferenceRefused:
        return ConferenceRefused(vendor=self.label, detail=detail)

    @abstractmethod
    def keep(self, id_: str | None, call: Call) -> CallThere:
        """A link for this meeting at its present time: makes it, or moves it. One that is gone is made again."""

    @abstractmethod
    def cancel(self, id_: str | None, call: Call) -> None:
        """Takes it away; without an id, whatever an earlier call has made. No error where it is gone already."""

    @abstractmethod
    def check_permissions(self) -> list[PermissionCheck]:
        """Each permission that we need, and whether we have it. Refusals become checks that are not granted."""

"""The contract of video services: what ``integrations/conferences/`` holds and what activities call.

A service is one file there, found by its name, and synchronous. It makes a link for a meeting, at most one for each
``key``: what an earlier call has made is found by it. Errors are ``CredentialsRejected``, ``ConferenceRefused`` (with
the vendor's own words), and :class:`ConferenceUnavailable`, a stumble. No text or repr of an error holds a credential.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from domain.errors import ConferenceRefused
from domain.meetings.meeting import ConferenceKind, EventTimes
from integrations.connection import ConnectedVendor, VendorUnavailable


class ConferenceUnavailable(VendorUnavailable):
    """A stumble of a video service."""


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


class Conference(ConnectedVendor):
    """A video service, seen through one connection."""

    kind: ClassVar[ConferenceKind]

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

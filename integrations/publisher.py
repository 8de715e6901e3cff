"""The contract of publishers: what ``integrations/publishers/`` holds and what activities call.

A publisher keeps a copy of a postmortem in another system: a page, a file in a repository, the postmortem of an
incident on a status page. It is one file there, found by its name, and synchronous: activities run it on a thread. One
instance serves one task in one thread, makes no request until it is asked for something, and is closed at the end.

Errors of every method that speaks to the vendor:

- refusals, which a person must resolve: ``CredentialsRejected``, ``PublicationChanged``, ``PublicationGone``,
  ``PublisherRefused`` (with the vendor's own words);
- :class:`PublisherUnavailable`, a stumble: try again, after ``retry_after`` seconds where the vendor said so. Every
  method may be called again after it, and after a process was killed in the middle of it.

No text or repr of an error holds a credential.
"""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from domain.errors import PublisherRefused
from integrations.connection import ConnectedVendor, ConnectionModel, VendorUnavailable
from integrations.text.blocks import Blocks


class PublisherUnavailable(VendorUnavailable):
    """A stumble of a publisher."""


class Carries(StrEnum):
    """What a publisher shows: the whole postmortem, to colleagues; its approved public summary, to customers."""

    POSTMORTEM = "POSTMORTEM"
    SUMMARY = "SUMMARY"


class PublisherConfig(ConnectionModel):
    """What every publisher's settings have: when it publishes by itself."""

    automatic: Annotated[
        bool,
        Field(
            title="Publish automatically",
            description="Publish every postmortem here as soon as it is published and visible to the organization.",
        ),
    ] = False
    take_back: Annotated[
        bool,
        Field(
            title="Take back automatically",
            description="Remove the copy when its postmortem is archived or is no longer visible to the organization.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class Copy:
    """What is to be read there. ``marker`` tells our copy from everybody else's, and stays; ``name`` is fit for files
    and branches (``postmortem-17``). ``url`` is where the postmortem is read here. ``blocks`` and ``text`` (Markdown)
    say the same. ``pointer`` is the place that a person named, for those who need one."""

    marker: str
    name: str
    title: str
    url: str
    blocks: Blocks
    text: str
    pointer: str | None = None

    @property
    def sign(self) -> str:
        """An address that nothing but this copy leads to: it is how we find the copy again."""
        return f"{self.url}#{self.marker}"


@dataclass(frozen=True, slots=True)
class Published:
    """The copy as it is there. ``revision`` is the vendor's, or a hash of what is there: another one, someone changed
    it."""

    id: str
    url: str
    revision: str


class Publisher(ConnectedVendor):
    """Another system, seen through one connection."""

    carries: ClassVar[Carries] = Carries.POSTMORTEM
    Config: ClassVar[type[PublisherConfig]]

    def unavailable(self, detail: str, retry_after: float | None = None) -> PublisherUnavailable:
        return PublisherUnavailable(self.label, detail, retry_after)

    def refused(self, detail: str) -> PublisherRefused:
        return PublisherRefused(vendor=self.label, detail=detail)

    def create(self, copy: Copy) -> Published:
        """Our one copy with this marker: what an earlier call has made is found and brought up to date."""
        found = self.find(copy)
        return self._make(copy) if found is None else self.update(found, copy, None)

    @abstractmethod
    def find(self, copy: Copy) -> str | None:
        """The id of our copy with this marker, also of one that is only half made; None where there is none."""

    @abstractmethod
    def _make(self, copy: Copy) -> Published:
        """A new copy."""

    @abstractmethod
    def update(self, id_: str, copy: Copy, revision: str | None) -> Published:
        """Makes the copy say this. ``revision`` is the one that we wrote last; None replaces whatever is there.

        Raises ``PublicationChanged`` where someone else changed it, and ``PublicationGone``.
        """

    @abstractmethod
    def withdraw(self, id_: str, copy: Copy, revision: str | None) -> None:
        """Takes it away; no error where it is gone already. Raises ``PublicationChanged`` as :meth:`update` does."""

    @abstractmethod
    def fetch(self, id_: str, copy: Copy) -> Published:
        """The copy as it is now. Raises ``PublicationGone``."""

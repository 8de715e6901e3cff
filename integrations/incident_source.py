"""The contract of incident sources: what a file in ``integrations/incident_sources/`` has.

A source is one file or folder there, found by its name, with a label for people, the steps of setting it up
(``SETUP``), and two functions:

``verify(headers, body, secrets)``
    Raises ``BadSignature`` unless ``body``, byte for byte, was signed with one of ``secrets``. Several are valid while
    one replaces another; blank ones are none; without any, nothing is trusted.
``parse(headers, body, received_at)``
    What a verified delivery says. An event that we do not use has no reports. Raises ``MalformedWebhook`` for what is
    not of the vendor's shape, and nothing else.

Neither does any I/O. What reports add up to: ``domain.incidents.incident``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.incidents.incident import IncidentReport
from integrations.connection import SetupStep

Headers = Mapping[str, str]
"""Names in any case."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook. ``delivery_id`` is the same each time it is sent again; ``event`` is the vendor's word for it."""

    delivery_id: str
    event: str
    reports: tuple[IncidentReport, ...] = ()


class IncidentSource(Protocol):
    """A module in ``integrations/incident_sources/``."""

    LABEL: str
    """Name for people: ``PagerDuty``."""
    SETUP: tuple[SetupStep, ...]
    """How an administrator sets it up."""

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str]) -> None: ...

    def parse(self, headers: Headers, body: bytes, received_at: datetime) -> Delivery: ...

"""The contract of incident sources, and the shelf ``integrations/incident_sources/`` that holds them.

A source is one file there, found by its file name, with two functions:

``verify(headers, body, secrets)``
    Raises ``BadSignature`` unless ``body``, byte for byte, was signed with one of ``secrets``. Several are valid while
    one replaces another; blank ones are none; without any, nothing is trusted.
``parse(headers, body, received_at)``
    What a verified delivery says. An event that we do not use has no reports. Raises ``MalformedWebhook`` for what is
    not of the vendor's shape, and nothing else.

Neither does any I/O. What reports add up to: ``domain.incidents.incident``.
"""

import hmac
import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, cast

from domain.errors import BadSignature, UnknownIntegrationKind
from domain.incidents.incident import IncidentReport
from integrations import incident_sources
from integrations.webhook import sha256_signature

Headers = Mapping[str, str]
"""Names in any case."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook. ``delivery_id`` is the same each time it is sent again; ``event`` is the vendor's word for it."""

    delivery_id: str
    event: str
    reports: tuple[IncidentReport, ...] = ()


class IncidentSource(Protocol):
    """A file of the shelf."""

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str]) -> None: ...

    def parse(self, headers: Headers, body: bytes, received_at: datetime) -> Delivery: ...


@cache
def incident_source_kinds() -> tuple[str, ...]:
    """Every kind of source, sorted: the names of the files on the shelf."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(incident_sources.__path__) if not found.ispkg))


def incident_source(kind: str) -> IncidentSource:
    """The source of that kind; raises ``UnknownIntegrationKind``."""
    if kind not in incident_source_kinds():
        raise UnknownIntegrationKind(kind=kind, known=", ".join(incident_source_kinds()))
    return cast("IncidentSource", importlib.import_module(f"{incident_sources.__name__}.{kind}"))


def check_signatures(given: Iterable[str], body: bytes, secrets: Sequence[str]) -> None:
    """Raises ``BadSignature`` unless one of ``given`` is the hexadecimal HMAC-SHA256 of ``body`` under a secret.

    The time taken does not tell how near a guess came.
    """
    signatures = [one.strip().lower().encode(errors="replace") for one in given]
    keys = [one for one in secrets if one.strip()]
    if not signatures:
        raise BadSignature(detail="the request has no signature in this source's format.")
    if not keys:
        raise BadSignature(detail="this connection has no webhook secret.")
    expected = [sha256_signature(key, body).encode() for key in keys]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures):
        raise BadSignature(detail="no secret of this connection matches it.")

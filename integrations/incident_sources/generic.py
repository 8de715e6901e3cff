"""The generic source: incidents in this project's own shape, by webhook and as ``POST /api/incidents`` takes them.

Signed as GitHub signs (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries):
``X-Hub-Signature-256: sha256=<hex>``, the HMAC-SHA256 of the raw body; ``X-Afterword-Signature`` is another name for
the same. The body is one incident or a list of up to 100, of which the later ones win. Fields that we do not know are
ignored, so that a tool may send all it has.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, RootModel

from integrations.connection import Copied, SetupStep
from integrations.incident_shape import IncidentIn
from integrations.incident_source import Delivery, Headers
from integrations.webhook import check_generic_signature, header, payload

LABEL = "Generic"
SETUP = (
    SetupStep(
        "Choose a long random text as Webhook secret, and save the connection.",
    ),
    SetupStep(
        "Have your monitoring send a report to this URL for each incident, and again when it changes. The API"
        " reference describes the fields under POST /api/incidents. Sign the body with the secret, as SHA-256 HMAC, in"
        " the header X-Hub-Signature-256.",
        copies=Copied.WEBHOOK_URL,
    ),
)
DELIVERY_HEADERS = ("X-Delivery-Id", "Idempotency-Key")
EVENT = "incident"
_STEP = timedelta(microseconds=1)
"""What keeps the order of a list: its later reports are received later."""


class _IncidentsIn(RootModel[Annotated[list[IncidentIn], Field(max_length=100)]]):
    pass


def verify(headers: Headers, body: bytes, secrets: Sequence[str]) -> None:
    """See ``integrations.incident_source``."""
    check_generic_signature(headers, body, secrets)


def parse(headers: Headers, body: bytes, received_at: datetime) -> Delivery:
    """See ``integrations.incident_source``. The delivery's id is its header, else the SHA-256 of the body."""
    delivery_id = _delivery_id(headers, body)
    several = body.lstrip()[:1] == b"["
    incidents = payload(_IncidentsIn, body).root if several else [payload(IncidentIn, body)]
    reports = (one.report(received_at + place * _STEP, delivery_id) for place, one in enumerate(incidents))
    return Delivery(delivery_id, EVENT, tuple(reports))


def _delivery_id(headers: Headers, body: bytes) -> str:
    given = next((value for name in DELIVERY_HEADERS if (value := header(headers, name))), "")
    usable = 0 < len(given) <= 200 and given.isascii() and given.isprintable()
    return given if usable else hashlib.sha256(body).hexdigest()

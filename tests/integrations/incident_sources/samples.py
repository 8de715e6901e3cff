"""Recorded deliveries, their signatures, and what is said of an incident."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from domain.incidents.incident import Incident, IncidentReport
from domain.incidents.state import merge

PAYLOADS = Path(__file__).parents[1] / "payloads"

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

SECRET = "current-secret"

OLD_SECRET = "secret-being-replaced"


def hexadecimal(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def summed(reports: Iterable[IncidentReport]) -> Incident:
    state = None
    for report in reports:
        state = merge(state, report)
    assert state is not None
    return state.incident()

"""Our webhook at a vendor, as a connection stores it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.tracker import Registration


def read_registration(stored: Mapping[str, Any] | None) -> Registration | None:
    if not stored:
        return None
    expires_at = stored.get("expiresAt")
    return Registration(str(stored["id"]), datetime.fromisoformat(expires_at) if expires_at else None)


def registration_json(registration: Registration) -> dict[str, str | None]:
    expires_at = registration.expires_at
    return {"id": registration.id, "expiresAt": expires_at.isoformat() if expires_at else None}

"""A feed of incidents in this project's own shape."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from integrations.webhook import sha256_signature
from tests.api.writing import ok
from tests.stack import Person, Stack


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


class Feed:
    """A generic connection and one incident that it reports."""

    def __init__(self, stack: Stack, admin: Person) -> None:
        self._stack, self._admin, self.key = stack, admin, uuid4().hex
        secret = uuid4().hex
        made = ok(
            admin.post(
                "/api/integrations",
                json={"kind": "generic", "name": f"Feed {self.key}", "secrets": {"webhookSecret": secret}},
            ),
            201,
        )
        self._id, self._secret = made["id"], secret

    def tells(self, **fields: Any) -> Any:
        return self.sends({"externalId": self.key, **fields})

    def sends(self, told: Any) -> Any:
        """One incident, or a list of them, whose ids end with the feed's key."""
        raw = json.dumps(told).encode()
        signature = f"sha256={sha256_signature(self._secret, raw)}"
        headers = {"X-Hub-Signature-256": signature, "X-Delivery-Id": uuid4().hex}
        answer = httpx.post(f"{self._stack.url}/api/webhooks/generic/{self._id}", content=raw, headers=headers)
        assert answer.status_code in {200, 202}, answer.text
        return answer.json()

    def incident(self) -> Any:
        (one,) = self.incidents()
        return one

    def incidents(self) -> list[Any]:
        found = ok(self._admin.get("/api/incidents", params={"source": "generic", "limit": 200}))["items"]
        return [one for one in found if one["externalId"].endswith(self.key)]

    def log(self) -> list[Any]:
        return list(ok(self._admin.get(f"/api/integrations/{self._id}/deliveries"))["items"])

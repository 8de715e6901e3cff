"""Changing where a connection's credentials go: they are entered again, and the audit log names both hosts."""

from typing import Any

import pytest

from tests.api.conventions import problem
from tests.api.writing import ok
from tests.stack import Stack

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "github": (
        {"repository": "acme/api", "baseUrl": "https://one.example.com/api/v3"},
        {"repository": "acme/api", "baseUrl": "https://two.example.com/api/v3"},
        {"token": "old-token", "webhookSecret": "signs"},
    ),
    "gitlab": (
        {"project": "acme/api", "baseUrl": "https://one.example.com"},
        {"project": "acme/api", "baseUrl": "http://one.example.com"},
        {"token": "old-token"},
    ),
    "slack": (
        {"baseUrl": "https://one.example.com"},
        {"baseUrl": "https://one.example.com:8443"},
        {"token": "xoxb-old"},
    ),
    "email": (
        {"host": "mail.one.example.com", "fromAddress": "a@example.com"},
        {"host": "mail.two.example.com", "fromAddress": "a@example.com"},
        {"username": "old-sender", "password": "old-password"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_another_host_needs_the_credentials_again(stack: Stack, kind: str) -> None:
    admin = stack.client()
    before, after, secrets = KINDS[kind]
    made = ok(
        admin.post("/api/integrations", json={"kind": kind, "name": kind, "config": before, "secrets": secrets}), 201
    )
    path = f"/api/integrations/{made['id']}"
    needed = {name for name in secrets if name != "webhookSecret"}
    refused = problem(admin.patch(path, json={"config": after}), 422, "InvalidIntegrationConfig")
    assert {one["field"] for one in refused["reasons"]} == {f"secrets.{one}" for one in needed}
    assert not any(value in str(refused) for value in secrets.values())
    renewed = dict.fromkeys(needed, "new-value")
    ok(admin.patch(path, json={"config": after, "secrets": renewed}))
    entries = ok(admin.get("/api/audit", params={"entityId": made["id"]}))["items"]
    (entry,) = [one for one in entries if one["action"] == "integration.host_changed"]
    assert entry["before"]["host"] != entry["after"]["host"]
    ok(admin.patch(path, json={"config": after}))
    ok(admin.delete(path))


def test_a_private_host_is_refused_when_it_is_entered(stack: Stack) -> None:
    config = {"repository": "acme/api", "baseUrl": "http://169.254.169.254/latest"}
    body = {"kind": "github", "name": "Metadata", "config": config, "secrets": {"token": "t"}}
    refused = problem(stack.client().post("/api/integrations", json=body), 422, "InvalidIntegrationConfig")
    assert refused["reasons"][0]["code"] == "private_address"
    assert "AFTERWORD_OUTBOUND_ALLOW" in refused["reasons"][0]["message"]

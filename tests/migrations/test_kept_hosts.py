"""An upgrade keeps the hosts that connections had before hosts were checked, until an administrator changes them."""

import json
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text

from models.keyring import Keyring
from tests.api.conventions import problem
from tests.api.writing import ok
from tests.migrations.test_history import OldData
from tests.pages.visiting import visitor
from tests.servers import SECRET_KEY, servers
from tests.stack import Person, Stack, shared_stack

BEFORE = "0031"
BANNER = "Confirm the host of this connection"
PRIVATE = "http://127.0.0.2:1/api/v4"
"""Nothing listens there, and it isn't allowed: ``AFTERWORD_OUTBOUND_ALLOW`` is set to something else."""
CONNECTION = text(
    "insert into integration (id, kind, name, config, secrets, is_enabled, disconnected_at)"
    " values (:id, :kind, :id, cast(:config as jsonb), :secrets, true, case when :gone then now() end)"
)
SELF_HOSTED = "https://GitLab.corp.example./api/v4"
KEPT = {
    "gitlab": (
        "gitlab",
        {"project": "acme/api", "baseUrl": SELF_HOSTED},
        "gitlab.corp.example",
    ),
    "literal": ("gitlab", {"project": "acme/api", "baseUrl": PRIVATE}, "127.0.0.2"),
    "ipv6": ("gitlab", {"project": "acme/api", "baseUrl": "http://[FD00::1]:8080"}, "fd00::1"),
    "mail": ("email", {"host": "mail.corp.example", "fromAddress": "a@corp.example"}, "mail.corp.example"),
    "apprise": ("apprise", {}, "*"),
}
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "public": ("gitlab", {"project": "acme/api", "baseUrl": "https://gitlab.com"}),
    "below": ("jira", {"project": "OPS", "baseUrl": "https://acme.atlassian.net", "email": "a@example.com"}),
    "unset": ("github", {"repository": "acme/api"}),
    "unreadable": ("gitlab", {"project": "acme/api", "baseUrl": "http://[oops"}),
    "generic": ("generic", {}),
}
SECRETS = {"apprise": {"url": "json://127.0.0.2:1/"}, "mail": {}}


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Stack]:
    """A database of before, with connections, that was then upgraded to this version."""
    old = OldData(servers().database("template0"))
    old.upgrade(BEFORE)
    known = {key: (kind, config) for key, (kind, config, _) in KEPT.items()} | OTHERS
    for key, (kind, config) in known.items():
        put(old, key, kind, config)
    put(old, "gone", *known["gitlab"], gone=True)
    old.upgrade("head")
    old.database.close()
    with shared_stack(shared_database=old.url, settings={"AFTERWORD_OUTBOUND_ALLOW": "10.0.0.0/8"}) as stack:
        yield stack


def put(old: OldData, key: str, kind: str, config: dict[str, Any], *, gone: bool = False) -> None:
    secrets = Keyring(SECRET_KEY).seal(SECRETS.get(key, {"token": "t"}))
    old.database.write(CONNECTION, id=key, kind=kind, config=json.dumps(config), secrets=secrets, gone=gone)


@pytest.fixture(scope="module")
def admin(upgraded: Stack) -> Person:
    return upgraded.person("ADMIN")


def audited(admin: Person, action: str, **filters: str) -> list[Any]:
    return list(
        ok(admin.get("/api/audit", params={"action": f"integration.{action}", "limit": 200, **filters}))["items"]
    )


def shown(upgraded: Stack, admin: Person, key: str) -> str:
    return unescape(visitor(upgraded, admin).get(f"/settings/integrations/{key}"))


def test_each_host_is_kept_and_audited(upgraded: Stack, admin: Person) -> None:
    for key, (_, _, host) in KEPT.items():
        one = ok(admin.get(f"/api/integrations/{key}"))
        assert (one["keptHost"], one["keptHostConfirmedAt"]) == (host, None)
        (entry,) = audited(admin, "host_kept", entityId=key)
        assert (entry["after"], entry["origin"]) == ({"host": host}, "system")
    assert {ok(admin.get(f"/api/integrations/{key}"))["keptHost"] for key in OTHERS} == {None}
    assert {one["entityId"] for one in audited(admin, "host_kept")} == set(KEPT), "none that was disconnected"


@pytest.mark.parametrize("key", ["literal", "apprise"])
def test_it_is_reached_as_before_and_no_other_one_is(admin: Person, key: str) -> None:
    """Nobody listens at either: a kept host is called, another one is refused before that."""
    told = admin.post(f"/api/integrations/{key}/test").text
    assert "private address" not in told, told
    body = {"kind": "gitlab", "name": "New", "config": KEPT["literal"][1], "secrets": {"token": "t"}}
    refused = problem(admin.post("/api/integrations", json=body), 422, "InvalidIntegrationConfig")
    assert refused["reasons"][0]["code"] == "private_address"


def test_an_administrator_confirms_it(upgraded: Stack, admin: Person) -> None:
    assert BANNER in shown(upgraded, admin, "gitlab")
    assert BANNER not in shown(upgraded, admin, "public")
    assert "the host in its address" in shown(upgraded, admin, "apprise")
    for role in ("RESPONDER", "MEMBER"):
        problem(upgraded.person(role).post("/api/integrations/gitlab/confirm-host"), 403, "NotAllowed")
    member = visitor(upgraded, upgraded.person("RESPONDER"))
    assert member.send("/settings/integrations/gitlab/confirm-host", "/inbox").status_code == 403
    assert BANNER not in member.http.get("/settings/integrations/gitlab").text
    stale = admin.post("/api/integrations/gitlab/confirm-host", headers={"If-Match": '"99"'})
    problem(stale, 412, "StaleVersion")
    assert ok(admin.get("/api/integrations/gitlab"))["keptHostConfirmedAt"] is None
    confirmed = ok(admin.post("/api/integrations/gitlab/confirm-host"))
    assert confirmed["keptHostConfirmedAt"]
    assert ok(admin.post("/api/integrations/gitlab/confirm-host")) == confirmed, "once is enough"
    assert BANNER not in shown(upgraded, admin, "gitlab")
    (entry,) = audited(admin, "host_confirmed", entityId="gitlab")
    assert (entry["actorId"], entry["after"]) == (admin.id, {"host": "gitlab.corp.example"})
    problem(admin.post("/api/integrations/public/confirm-host"), 404, "NotFound")


def test_a_page_confirms_it_too(upgraded: Stack, admin: Person) -> None:
    page = "/settings/integrations/mail"
    visitor(upgraded, admin).done(f"{page}/confirm-host", page)
    assert BANNER not in shown(upgraded, admin, "mail")


def test_another_host_loses_the_exemption(upgraded: Stack, admin: Person) -> None:
    path = "/api/integrations/literal"
    renamed = ok(admin.patch(path, json={"name": "The same host", "secrets": {"token": "new"}}))
    assert renamed["keptHost"] == "127.0.0.2", "neither its name nor its token is its host"
    elsewhere = {"config": {"project": "acme/api", "baseUrl": "http://127.0.0.3:1"}, "secrets": {"token": "t"}}
    refused = problem(admin.patch(path, json=elsewhere), 422, "InvalidIntegrationConfig")
    assert refused["reasons"][0]["code"] == "private_address"
    elsewhere["config"] = {"project": "acme/api", "baseUrl": "https://gitlab.example.org"}
    moved = ok(admin.patch(path, json=elsewhere))
    assert (moved["keptHost"], moved["keptHostConfirmedAt"]) == (None, None)
    assert BANNER not in shown(upgraded, admin, "literal")
    back = {"config": KEPT["literal"][1], "secrets": {"token": "t"}}
    refused = problem(admin.patch(path, json=back), 422, "InvalidIntegrationConfig")
    assert refused["reasons"][0]["code"] == "private_address", "also not back to the one that was kept"


def test_an_address_that_is_a_secret_loses_it_when_it_is_entered(admin: Person) -> None:
    path = "/api/integrations/apprise"
    renewed = ok(admin.patch(path, json={"secrets": {"url": "discord://1/x"}}))
    assert renewed["keptHost"] is None

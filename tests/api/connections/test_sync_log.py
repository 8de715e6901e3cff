"""The sync log, health, and who is notified when a connection has trouble."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from application.notifications.connection_trouble import record_recovery, record_trouble
from models.queries.connections.sync_log import insert_attempt
from tests.api.connections.connecting import Connected, connected
from tests.api.connections.connections import refused
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually


@pytest.fixture
def board(stack: Stack, tmp_path: Path) -> Connected:
    return connected(stack, tmp_path)


def looked_at(board: Connected) -> None:
    """Waits until it was reconciled for the first time, which is at once."""
    eventually(lambda: board.health()["lastReconciledAt"])


# The log


def test_the_log_is_filtered(board: Connected, stack: Stack) -> None:
    author = stack.person()
    looked_at(board)
    item, other = board.item(author), board.item(author)
    board.closed_elsewhere(board.ticket(item))
    eventually(lambda: board.log(operation="webhook closed"))
    everything = board.log()
    assert {one["direction"] for one in everything} == {"IN", "OUT"}
    assert {one["actionItemId"] for one in board.log(actionItemId=other["id"])} == {other["id"]}
    assert {one["operation"] for one in board.log(operation="create")} == {"create"}
    assert board.log(errors=True) == []
    assert board.log(errors=False) == everything
    (told,) = board.log(operation="webhook closed")
    assert told in board.log(direction="IN")
    assert board.log(deliveryId=told["deliveryId"]) == [told]
    assert told["id"] in {one["id"] for one in board.log(since=told["at"])}
    assert told["id"] not in {one["id"] for one in board.log(until=told["at"])}
    assert board.log(result="nonsense") == []
    for bad in ({"direction": "UP"}, {"since": "yesterday"}, {"actionItemId": "é"}, {"cursor": "x"}):
        assert board.admin.get(f"{board.path}/deliveries", params=bad).status_code == 422


def test_an_attempt_is_made_again(board: Connected, stack: Stack, tmp_path: Path) -> None:
    author = stack.person()
    item = board.item(author)
    (made,) = board.log(operation="create")
    assert ok(board.admin.post(f"{board.path}/deliveries/{made['id']}/replay"), 202)["status"] == "writing"
    eventually(lambda: board.log(actionItemId=item["id"], operation="update"))
    (asked,) = board.log(operation="replay")
    refused(board.admin.post(f"{board.path}/deliveries/{asked['id']}/replay"), 409, "NothingToReplay")
    other = connected(stack, tmp_path)
    refused(other.admin.post(f"{other.path}/deliveries/{made['id']}/replay"), 404, "NotFound")
    assert board.admin.post(f"{board.path}/deliveries/{2**63}/replay").status_code == 422
    ok(author.delete(f"/api/action-items/{item['id']}/tickets"), 204)
    refused(board.admin.post(f"{board.path}/deliveries/{made['id']}/replay"), 409, "NothingToReplay")


# Health


async def _log(stack: Stack, integration_id: str, results: list[tuple[str, timedelta]]) -> None:
    now = datetime.now(UTC)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for result, ago in results:
            insert_attempt(session, integration_id, "OUT", "update", result, at=now - ago)


async def test_health_and_metrics(board: Connected, stack: Stack) -> None:
    looked_at(board)
    fresh, looks = board.health(), len(board.log())
    assert (fresh["state"], fresh["budget"]["left"], fresh["registration"]["state"]) == ("ok", 1.0, "active")
    assert (fresh["links"]["ok"], fresh["deadLinks"], fresh["pending"]["count"]) == (0, 0, 0)
    owner = stack.person()
    ok(board.admin.put(f"{board.path}/accounts/{owner.id}", json={"account": "jane"}))
    item = board.item(owner)
    one, day = timedelta(minutes=1), timedelta(hours=20)
    tried = [("ok", one)] * 97 + [
        ("retry", one),
        ("refused", day),
        ("ok", timedelta(days=3)),
        ("retry", timedelta(days=8)),
    ]
    await _log(stack, board.id, tried)
    health = board.health()
    windows = {one["hours"]: (one["attempts"], one["errors"]) for one in health["budget"]["windows"]}
    own = looks + len(board.log(actionItemId=item["id"]))
    assert windows == {1: (98 + own, 1), 24: (99 + own, 2), 168: (100 + own, 2)}
    assert health["budget"]["left"] == 0
    assert health["budget"]["objective"] == 0.99
    assert len(health["hours"]) == 48
    assert sum(one["attempts"] for one in health["hours"]) == 99 + own
    assert sum(one["errors"] for one in health["hours"]) == 2
    assert health["links"]["ok"] == 1
    scraped = board.admin.get("/metrics").text
    named = f'integration="{board.id}",kind="console"'
    lines = dict(line.rsplit(" ", 1) for line in scraped.splitlines() if board.id in line)
    assert lines[f'afterword_connection_state{{{named},state="ok"}}'] == "1.0"
    assert lines[f'afterword_connection_links{{{named},state="ok"}}'] == "1.0"
    assert lines[f'afterword_connection_errors{{{named},window="24h"}}'] == "2.0"
    assert lines[f"afterword_connection_error_budget_left{{{named}}}"] == "0.0"
    assert board.made["name"] not in scraped
    assert "python_info" in scraped, "the process's own are there, too"


def _told(admin: Person, integration_id: str) -> list[str]:
    notices = ok(admin.get("/api/me/notifications", params={"limit": 200}))["items"]
    return [one["kind"] for one in notices if one["integrationId"] == integration_id][::-1]


async def test_trouble_is_told_once_and_so_is_its_end(board: Connected, stack: Stack) -> None:
    second, member = stack.person("ADMIN"), stack.person()
    board.reconciled()
    now = datetime.now(UTC)
    async with sessions_of(stack) as sessions:

        async def troubled(why: str) -> bool:
            async with sessions.begin() as session:
                return await record_trouble(session, board.id, why, now)

        async def well() -> bool:
            async with sessions.begin() as session:
                return await record_recovery(session, board.id, now)

        assert await well() is False, "it was well already"
        assert sorted(await asyncio.gather(*(troubled(f"word {one}") for one in range(4)))) == [False] * 3 + [True]
        shown = ok(board.admin.get(board.path))
        assert shown["needsAttention"].startswith("word ")
        assert board.health()["state"] == "needs_attention"
        assert sorted(await asyncio.gather(*(well() for _ in range(4)))) == [False] * 3 + [True]
        assert _told(board.admin, board.id) == ["connection_needs_attention", "connection_well_again"]
        assert _told(second, board.id) == _told(member, board.id) == [], "one administrator: who made it"
        assert ok(board.admin.get(board.path))["needsAttention"] is None


async def test_what_was_sent_at_the_same_time_is_recorded_with_the_recovery(board: Connected, stack: Stack) -> None:
    """Each transaction has written a row that refers to the connection before it locks the connection."""
    board.reconciled()
    now = datetime.now(UTC)
    async with sessions_of(stack) as sessions:
        async with sessions.begin() as session:
            await record_trouble(session, board.id, "away", now)
        all_written = asyncio.Barrier(2)

        async def sent() -> bool:
            async with sessions.begin() as session:
                insert_attempt(session, board.id, "OUT", "update", "ok")
                await session.flush()
                await all_written.wait()
                return await record_recovery(session, board.id, now)

        assert sorted(await asyncio.gather(sent(), sent())) == [False, True]
    assert _told(board.admin, board.id) == ["connection_needs_attention", "connection_well_again"]


async def test_renewed_credentials_are_not_well_before_they_worked(board: Connected, stack: Stack) -> None:
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        await record_trouble(session, board.id, "revoked", datetime.now(UTC))
    ok(board.admin.patch(board.path, json={"secrets": {"webhookSecret": "other"}}))
    assert ok(board.admin.get(board.path))["needsAttention"] is None
    assert _told(board.admin, board.id) == ["connection_needs_attention"]
    ok(board.admin.post(f"{board.path}/test"))
    assert _told(board.admin, board.id) == ["connection_needs_attention", "connection_well_again"]
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        assert await record_trouble(session, board.id, "revoked", datetime.now(UTC)), "another occasion"


# Who may


DOORS = (
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/test"),
    ("POST", "/dry-run"),
    ("GET", "/health"),
    ("GET", "/deliveries"),
    ("POST", "/deliveries/1/replay"),
    ("GET", "/accounts"),
    ("GET", "/accounts/suggestions"),
    ("POST", "/accounts/import"),
    ("PUT", "/accounts/user_x"),
    ("DELETE", "/accounts/user_x"),
)


def test_only_administrators_reach_connections(board: Connected, stack: Stack) -> None:
    responder, member = stack.person(), stack.person("MEMBER")
    body = {"name": "reads", "userId": board.admin.id, "scopes": ["read", "write"]}
    unscoped = stack.client(ok(stack.client().post("/api/tokens", json=body), 201)["token"])
    for method, path in (*((method, board.path + path) for method, path in DOORS), ("GET", "/api/integrations/kinds")):
        sent = {"account": "x"} if method == "PUT" else {}
        for who in (responder, member):
            refused(who.request(method, path, json=sent), 403, "NotAllowed")
        refused(unscoped.request(method, path, json=sent), 403, "ScopeMissing")

"""What tokens and sessions may become, and who may guess them how often."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from application.access.attempts import LIMITS, Guess, seconds_left
from runtime.processes import spawn
from tests.api.conventions import key, problem
from tests.api.writing import draft, in_review, ok
from tests.cli.running import ROOT, free_port
from tests.pages.visiting import HTML, Visitor, stranger
from tests.stack import ADMIN_TOKEN, Person, Stack, eventually

IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def token(stack: Stack, who: Person | None = None, **fields: object) -> str:
    owner = {"userId": who.id} if who else {}
    return str(ok(stack.client().post("/api/tokens", json={"name": "T", **owner, **fields}), 201)["token"])


def test_a_token_creates_no_token_with_more_scopes(stack: Stack) -> None:
    person = stack.person()
    writes = stack.client(token(stack, person, scopes=["write"]))
    problem(writes.post("/api/tokens", json={"name": "N", "scopes": ["read", "write"]}), 403, "ScopeMissing")
    problem(writes.post("/api/tokens", json={"name": "N", "scopes": ["read"]}), 403, "ScopeMissing")
    assert ok(writes.post("/api/tokens", json={"name": "N", "scopes": ["write"]}), 201)["scopes"] == ["write"]


def test_a_token_creates_nothing_that_outlives_it(stack: Stack) -> None:
    short = stack.client(token(stack, scopes=["admin"], expiresAt=IN_AN_HOUR))
    later = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    refused = problem(short.post("/api/tokens", json={"name": "N", "expiresAt": later}), 422)
    assert refused["reasons"][0]["where"] == "body.expiresAt"
    made = ok(short.post("/api/tokens", json={"name": "N"}), 201)
    assert datetime.fromisoformat(made["expiresAt"]) == datetime.fromisoformat(IN_AN_HOUR)
    link = ok(short.post(f"/api/users/{stack.person().id}/sign-in-links"), 201)
    assert datetime.fromisoformat(link["expiresAt"]) <= datetime.fromisoformat(IN_AN_HOUR)


def test_signing_out_ends_a_session_that_began_with_a_pasted_token(stack: Stack) -> None:
    pasted = token(stack, stack.person())
    visit = stranger(stack)
    assert visit.done("/sign-in", "/sign-in", token=pasted) == "/"
    copied = httpx.Cookies(visit.http.cookies)
    with httpx.Client(base_url=stack.url, cookies=copied) as thief:
        assert thief.get("/inbox").status_code == 200
        visit.done("/sign-out", "/inbox")
        assert thief.get("/inbox").status_code == 303
    assert stack.client(pasted).get("/api/me").status_code == 200, "the token itself stays valid for the API"


def test_a_session_ends_with_the_token_that_it_began_with(stack: Stack) -> None:
    made = ok(
        stack.client().post("/api/tokens", json={"name": "T", "userId": stack.person().id, "scopes": ["read"]}), 201
    )
    visit = stranger(stack)
    visit.done("/sign-in", "/sign-in", token=made["token"])
    assert "Start draft" not in visit.get("/postmortems"), "it can do no more than the token"
    assert stack.client().delete(f"/api/tokens/{made['id']}").status_code == 204
    assert visit.http.get("/inbox").status_code == 303


def test_deleting_a_postmortem_needs_the_scope_admin(stack: Stack) -> None:
    admin = stack.person("ADMIN")
    path = f"/api/postmortems/{draft(stack.person())['id']}"
    problem(stack.client(token(stack, admin, scopes=["read", "write"])).delete(path), 403, "ScopeMissing")
    assert stack.client(token(stack, admin, scopes=["admin"])).delete(path).status_code == 204


def test_the_same_approval_twice_is_one_row(stack: Stack) -> None:
    author, reviewers = stack.person(), [stack.person(), stack.person()]
    path = f"/api/postmortems/{in_review(author, reviewers)['id']}"
    for _ in range(3):
        ok(reviewers[0].post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert len(ok(author.get(f"{path}/reviews"))["items"]) == 1
    approvals = [one for one in ok(author.get(f"{path}/audit"))["items"] if one["action"] == "postmortem.approved"]
    assert len(approvals) == 1
    ok(reviewers[0].post(f"{path}/reviews", json={"decision": "APPROVE", "comment": "Nice graphs."}), 201)
    assert len(ok(author.get(f"{path}/reviews"))["items"]) == 2


def test_a_kept_answer_is_given_only_to_who_may_still_do_it(stack: Stack) -> None:
    author, editor, boss = stack.person(), stack.person(), stack.person("ADMIN")
    path = f"/api/postmortems/{draft(author, visibility='ORGANIZATION')['id']}"
    ok(author.post(f"{path}/editors", json={"userId": editor.id}), 201)
    once, twice = key(), key()
    ok(editor.patch(path, json={"summary": "Keys were stolen."}, headers=once))
    assert ok(editor.patch(path, json={"summary": "Keys were stolen."}, headers=once))["summary"]
    assert author.delete(f"{path}/editors/{editor.id}").status_code == 204
    problem(editor.patch(path, json={"summary": "Keys were stolen."}, headers=once), 403, "NotAllowed")
    team = {"name": f"Kept {uuid4().hex[:8]}"}
    ok(boss.post("/api/teams", json=team, headers=twice), 201)
    ok(stack.client().patch(f"/api/users/{boss.id}", json={"role": "MEMBER"}))
    problem(boss.post("/api/teams", json=team, headers=twice), 403, "NotAllowed")


def test_slashes_lead_to_a_path_of_this_site_whatever_the_host_header_says(stack: Stack) -> None:
    for asked, wanted in {"/inbox/": "/inbox", "/postmortems///?q=a": "/postmortems?q=a"}.items():
        answer = httpx.get(f"{stack.url}{asked}", headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (307, wanted)
    answer = httpx.get(f"{stack.url}//evil.example/")
    assert answer.headers.get("location", "/") == "/evil.example"


@pytest.fixture
def proxied(stack: Stack, tmp_path: Path) -> Iterator[list[str]]:
    """Two more API processes, behind a proxy on this machine."""
    urls, parts = [], []
    for name in ("one", "two"):
        port = free_port()
        env = stack.environment() | {"AFTERWORD_PORT": str(port), "AFTERWORD_TRUSTED_PROXIES": "127.0.0.1"}
        command = [sys.executable, "-m", "cli.main", "api"]
        parts.append(spawn(command, log=tmp_path / name, env=env, cwd=ROOT))
        urls.append(f"http://127.0.0.1:{port}")
    for url in urls:
        eventually(lambda: _listens(url), 60)  # noqa: B023 - called in this turn
    yield urls
    for part in parts:
        part.terminate()
        part.wait()


def _listens(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


def test_wrong_tokens_and_codes_are_limited_for_each_address_over_all_processes(
    stack: Stack, proxied: list[str]
) -> None:
    there = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}
    limit, statuses = LIMITS[Guess.REQUEST], []
    eventually(lambda: seconds_left(datetime.now(UTC)) > 40, 60)  # all in one window
    for place in range(limit + 2):
        wrong = {"Authorization": f"Bearer {uuid4().hex}", **there}
        answer = httpx.get(f"{proxied[place % 2]}/api/me", headers=wrong)
        statuses.append(answer.status_code)
    assert statuses == [401] * limit + [429] * 2
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "TooManyAttempts"
    right = {"Authorization": f"Bearer {ADMIN_TOKEN}", **there}
    assert httpx.get(f"{proxied[0]}/api/me", headers=right).status_code == 200, "others share the address"
    elsewhere = {"Authorization": "Bearer wrong", "X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    assert httpx.get(f"{proxied[0]}/api/me", headers=elsewhere).status_code == 401
    with httpx.Client(base_url=proxied[0], headers={**HTML, "X-Forwarded-For": "203.0.113.10"}) as client:
        visit = Visitor(client)
        for _ in range(LIMITS[Guess.FORM]):
            assert visit.send("/sign-in", "/sign-in", code=uuid4().hex).status_code == 403
        assert visit.send("/sign-in", "/sign-in", code=uuid4().hex).status_code == 429
        assert visit.send("/sign-in", "/sign-in", token=ADMIN_TOKEN).status_code == 429, "nor a right guess"
    with httpx.Client(base_url=proxied[0], headers=HTML) as client:
        assert Visitor(client).done("/sign-in", "/sign-in", token=ADMIN_TOKEN) == "/"


def test_an_unsubscribe_token_is_in_no_log(stack: Stack) -> None:
    httpx.get(f"{stack.url}/unsubscribe/s3cret-unsubscribe-token")
    httpx.get(f"{stack.url}/api/postmortems/pm_x%0aforged", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
    eventually(lambda: "/unsubscribe/{token}" in stack.log("api"))
    assert "s3cret-unsubscribe-token" not in stack.log("api")
    assert "forged" not in stack.log("api")

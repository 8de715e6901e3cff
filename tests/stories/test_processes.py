"""Three processes of the API and three of the worker: whatever one of them does holds in all of them at once."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from sqlalchemy import select

from models.worker import BackgroundJob, WorkerPresence
from tests.api import writing
from tests.api.content.templates import sections
from tests.api.writing import ok
from tests.pages.visiting import HTML, visitor
from tests.stack import Person, Stack, eventually, shared_stack

PROCESSES, CONNECTIONS = 3, 24


@pytest.fixture(scope="module")
def several() -> Iterator[Stack]:
    with shared_stack(at_once=PROCESSES) as one:
        eventually(lambda: len(children(one, "api")) == len(children(one, "worker")) == PROCESSES, 120)
        eventually(lambda: len(rows(one, select(WorkerPresence.id))) == PROCESSES, 120)
        eventually(lambda: all_have_connections(one, [one.client() for _ in range(CONNECTIONS)]))
        yield one


def rows(stack: Stack, statement: Any) -> list[Any]:
    assert stack.direct is not None
    return stack.direct.rows(statement)


def children(stack: Stack, part: Any) -> list[psutil.Process]:
    found = psutil.Process(stack.process(part).pid).children()
    return [one for one in found if "spawn_main" in " ".join(_words_of(one))]


def _words_of(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):  # it has just ended
        return list(process.cmdline())
    return []


def all_have_connections(stack: Stack, clients: list[httpx.Client]) -> bool:
    """Whether each process of the API has accepted some of these connections, which stay with it."""
    for one in clients:
        one.get("/healthz").raise_for_status()
    counts = []
    for child in children(stack, "api"):
        held = [one for one in child.net_connections("tcp") if one.laddr and one.laddr.port == stack.api_port]
        counts.append(len([one for one in held if one.status == psutil.CONN_ESTABLISHED]))
    return len(counts) == PROCESSES and all(counts)


def everywhere(stack: Stack, token: str | None) -> list[httpx.Client]:
    """Clients whose connections are spread over all processes."""
    found: list[httpx.Client] = []

    def spread() -> bool:
        found.extend(stack.client(token) for _ in range(CONNECTIONS))
        return all_have_connections(stack, found)

    eventually(spread)
    return found


def token_of(person: Person) -> str:
    return person.http.headers["Authorization"].removeprefix("Bearer ")


def test_revoked_token_is_refused_by_all(several: Stack) -> None:
    person = several.person()
    made = ok(person.post("/api/tokens", json={"name": "phone"}), 201)
    clients = everywhere(several, made["token"])
    assert {one.get("/api/me").status_code for one in clients} == {200}
    ok(person.delete(f"/api/tokens/{made['id']}"), 204)
    assert {one.get("/api/me").status_code for one in clients} == {401}


def test_ended_session_is_ended_in_all(several: Stack) -> None:
    """By its owner, by an administrator, and with the person."""
    person, admin = several.person(), several.client()

    def end_one() -> None:
        (one,) = ok(person.get("/api/me/sessions"))["items"]
        ok(person.delete(f"/api/me/sessions/{one['id']}"), 204)

    for end in (
        end_one,
        lambda: ok(admin.delete(f"/api/users/{person.id}/sessions"), 204),
        lambda: ok(admin.patch(f"/api/users/{person.id}", json={"active": False})),
    ):
        cookies = visitor(several, person).http.cookies
        clients = everywhere(several, None)
        for one in clients:
            one.cookies = cookies
        assert {one.get("/inbox", headers=HTML).status_code for one in clients} == {200}
        end()
        assert {one.get("/inbox", headers=HTML).status_code for one in clients} == {303}


def test_changed_person_is_the_same_for_all(several: Stack) -> None:
    person, admin = several.person(), several.client()
    clients = everywhere(several, token_of(person))
    assert {one.get("/api/users").status_code for one in clients} == {200}
    ok(admin.patch(f"/api/users/{person.id}", json={"active": False}))
    assert {one.get("/api/users").status_code for one in clients} == {401}


def test_changed_template_is_used_by_all(several: Stack) -> None:
    admin = several.client()
    body = {"name": f"Template {uuid4().hex[:6]}", "sections": sections({"key": "quotes", "title": "Quotes"})}
    made = ok(admin.post("/api/templates", json=body), 201)
    clients = everywhere(several, token_of(several.person()))
    ok(admin.patch(f"/api/templates/{made['id']}", json={"sections": sections({"key": "costs", "title": "Costs"})}))
    for one in clients:
        opened = ok(one.post("/api/postmortems", json={"title": "Which?", "templateId": made["id"]}), 201)
        assert opened["templateVersion"] == 2


def test_disconnected_tracker_is_gone_for_all(several: Stack) -> None:
    admin = several.client()
    body = {
        "kind": "github",
        "name": "gone",
        "config": {"repository": "a/b"},
        "secrets": {"token": "t", "webhookSecret": "s"},
    }
    made = ok(admin.post("/api/integrations", json=body), 201)
    clients, path = everywhere(several, None), httpx.URL(made["webhookUrl"]).path
    assert {one.post(path, content=b"{}").status_code for one in clients} == {401}
    admin.delete(f"/api/integrations/{made['id']}").raise_for_status()
    assert {one.post(path, content=b"{}").status_code for one in clients} == {410}


def test_repeated_request_is_done_once_whichever_process_gets_it(several: Stack) -> None:
    person = several.person()
    clients = everywhere(several, token_of(person))
    headers = {"Idempotency-Key": uuid4().hex}
    made = {ok(one.post("/api/postmortems", json={"title": "Once"}, headers=headers), 201)["id"] for one in clients}
    assert len(made) == 1


def test_metrics_are_of_all_processes(several: Stack) -> None:
    def answered(client: httpx.Client) -> float:
        lines = [
            one for one in client.get("/metrics").text.splitlines() if one.startswith("afterword_http_requests_total")
        ]
        return sum(float(one.rpartition(" ")[2]) for one in lines if 'route="/api/me"' in one)

    clients = everywhere(several, token_of(several.person()))
    before = answered(clients[0])
    for one in clients:
        one.get("/api/me").raise_for_status()
    eventually(lambda: answered(clients[1]) == before + len(clients))  # one is counted after it is answered


def test_lifecycle_over_several_workers(several: Stack) -> None:
    author, reviewers = several.person(), [several.person(), several.person()]
    made = writing.published(author, reviewers)
    assert made["status"] == "PUBLISHED"


def test_each_background_job_has_one_worker(several: Stack) -> None:
    """When the worker that has them is killed, another one takes them over, and a new process takes its place."""
    jobs = rows(several, select(BackgroundJob))
    assert len({one.name for one in jobs}) == len(jobs) >= 6
    before = {one.pid for one in children(several, "worker")}
    holders = {one.worker_id for one in jobs}
    for child in children(several, "worker"):
        child.kill()
    eventually(lambda: len({one.pid for one in children(several, "worker")} - before) == PROCESSES, 120)
    item = writing.with_item(author := several.person(), writing.draft(author)["id"], author.id)
    eventually(
        lambda: holders.isdisjoint(
            {one.worker_id for one in rows(several, select(BackgroundJob)) if one.name.startswith("Outbox")}
        ),
        60,
    )
    path, done = f"/api/action-items/{item['id']}", {"status": "COMPLETED"}
    eventually(
        lambda: author.patch(path, json=done).is_success, 30
    )  # as a 503 asks: a new worker may not have reported
    assert ok(author.get(path))["status"] == "COMPLETED"


def test_killed_process_of_the_api_is_replaced(several: Stack) -> None:
    before = children(several, "api")
    before[0].kill()
    eventually(lambda: len({one.pid for one in children(several, "api")} - {one.pid for one in before}) == 1)
    eventually(lambda: all_have_connections(several, [several.client() for _ in range(CONNECTIONS)]))


def test_all_end_when_asked(several: Stack) -> None:
    """Last in this file: it stops the API and the worker."""
    for part in ("api", "worker"):
        of_part = children(several, part)
        several.kill(part, signal.SIGTERM)  # type: ignore[arg-type]
        assert several.process(part).poll() == 0
        assert not [one for one in of_part if one.is_running()]
        several.revive(part)  # type: ignore[arg-type]
    several.wait_until_ready(120)

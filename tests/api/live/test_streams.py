"""Streams when much is asked of them: many, several processes, a database that goes, and a process that ends."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.live.streams import MOST_OF_ONE, MOST_STREAMS
from tests.api.live.following import following
from tests.api.serving.test_draining import ApiProcess, started
from tests.api.writing import draft, ok
from tests.stack import NO_TLS, Person, Stack, eventually

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def api(stack: Stack, tmp_path: Path) -> Iterator[ApiProcess]:
    with started(stack, tmp_path) as one:
        yield one


def client_of(api: ApiProcess, person: Person) -> httpx.Client:
    """The person at that process."""
    client = httpx.Client(base_url=api.url, headers=person.http.headers, timeout=30, verify=NO_TLS)
    api.stack.clients.append(client)
    return client


async def _open(port: int, person: Person) -> tuple[Connection, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = person.http.headers["Authorization"]
    writer.write(f"GET /api/events HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert b"503" not in head.split(b"\r\n")[0] or b"retry-after: " in head
    return (reader, writer), int(head.split()[1])


async def _close(*connections: Connection) -> None:
    for _, writer in connections:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in connections), return_exceptions=True)


async def _hears(connection: Connection, comment_id: str) -> bool:
    while True:
        line = await asyncio.wait_for(connection[0].readline(), 60)
        if not line:
            return False
        if comment_id.encode() in line:
            return True


async def _many(api: ApiProcess, people: list[Person], author: Person, postmortem_id: str) -> None:
    opened = [await _open(api.port, people[number // MOST_OF_ONE]) for number in range(MOST_STREAMS)]
    assert {status for _, status in opened} == {200}
    refused, status = await _open(api.port, author)
    await _close(refused)
    assert status == 503
    path = f"{api.url}/api/postmortems/{postmortem_id}"
    async with httpx.AsyncClient(headers=author.http.headers, verify=NO_TLS, timeout=30) as asked:
        assert (await asked.get(path)).status_code == 200, "and the pages work on"
        said = (await asked.post(f"{path}/comments", json={"body": "To all"})).json()["id"]
    assert all(await asyncio.gather(*(_hears(one, said) for one, _ in opened)))
    await _close(opened[0][0])
    for _ in range(100):
        again, status = await _open(api.port, author)
        await _close(again)
        if status == 200:
            break
        await asyncio.sleep(0.1)
    assert status == 200, "a place is free again"
    os.kill(api.running.pid, signal.SIGINT)
    began = time.monotonic()
    ended = await asyncio.gather(*(_hears(one, "no such comment") for one, _ in opened[1:]))
    assert not any(ended), "each is ended, and ended first"
    assert time.monotonic() - began < 10
    await _close(*(one for one, _ in opened))


def test_five_hundred_streams_and_no_more(api: ApiProcess, stack: Stack) -> None:
    author = stack.person()
    made = draft(author, visibility="ORGANIZATION")
    people = [stack.person("MEMBER") for _ in range(MOST_STREAMS // MOST_OF_ONE)]
    asyncio.run(_many(api, people, author, made["id"]))
    assert api.running.wait(10) in {0, -signal.SIGINT}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_as_quickly_as_without_streams(api: ApiProcess, stack: Stack, number: int) -> None:
    client = client_of(api, stack.person())
    with following(client) as one, following(client) as other:
        began = time.monotonic()
        api.running.send_signal(number)
        eventually(lambda: one.is_over and other.is_over, 5)
        assert api.running.wait(10) in {0, -number}
        assert time.monotonic() - began < 6, "1.5 s of draining, and no waiting for streams"


def test_a_stream_goes_on_at_a_process_that_was_started_anew(api: ApiProcess, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    comments = f"/api/postmortems/{made['id']}/comments"
    with following(client_of(api, author)) as one:
        said = ok(author.post(comments, json={"body": "Before"}), 201)["id"]
        place = one.wait_for(kind="comment", id=said)["place"]
        api.running.send_signal(signal.SIGKILL)
        api.running.wait(10)
        eventually(lambda: one.is_over)
    ok(author.post(comments, json={"body": "Between"}), 201)
    api.start()
    with following(client_of(api, author), headers={"Last-Event-ID": place}) as again:
        again.wait_for(kind="refresh")
        said = ok(author.post(comments, json={"body": "After"}), 201)["id"]
        again.wait_for(kind="comment", id=said)
    with following(author.http, headers={"Last-Event-ID": place}) as elsewhere:
        elsewhere.wait_for(kind="comment", id=said)
        assert "refresh" not in elsewhere.kinds, "a process that heard all of it knows the place of another one"


def test_a_lost_connection_to_the_database_is_made_anew(api: ApiProcess, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    comments = f"/api/postmortems/{made['id']}/comments"
    assert stack.direct is not None
    end = text(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name like '% live' and datname = current_database()"
    )
    with following(client_of(api, author)) as one:
        for number in range(2):
            stack.direct.write(end)
            eventually(lambda: len(one.of(kind="refresh")) > number)  # noqa: B023 - called in this turn
            said = ok(author.post(comments, json={"body": "Again"}), 201)["id"]
            one.wait_for(kind="comment", id=said)


def test_several_processes_tell_each_other(stack: Stack, tmp_path: Path) -> None:
    author = stack.person()
    made = draft(author)
    with started(stack, tmp_path, processes=2) as both, ExitStack() as held:
        followers = [held.enter_context(following(client_of(both, author))) for _ in range(8)]
        for asked in (author.http, *(client_of(both, author) for _ in range(4))):
            said = ok(asked.post(f"/api/postmortems/{made['id']}/comments", json={"body": "To all"}), 201)["id"]
            for one in followers:
                one.wait_for(kind="comment", id=said)

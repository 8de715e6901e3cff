"""``python -m bench.commands``: commands beside a bare update with one local activity, with 1 and with 16 clients.

At the end: how long a read of somebody else takes while no worker runs and one person sends 80 commands.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.__main__ import Trivial, nothing
from tests.api import writing
from tests.stack import Person, Stack, running_stack

SERIAL, TOGETHER, CLIENTS, FLOOD = 30, 96, 16, 80
Work = Callable[[int], Any]


def report(what: str, serial: float, rate: float, bare: tuple[float, float]) -> None:
    ratios = f"{bare[0] / serial:5.2f} {rate / bare[1]:5.2f}"
    print(f"{what:<24} 1 client {serial:6.1f} ms   {CLIENTS} clients {rate:6.1f} a second   of the bare one {ratios}")


def measured(work: Callable[[httpx.Client], Work], who: Person) -> tuple[float, float]:
    """The median of one client in milliseconds, and how many a second 16 clients get. Numbers are used once."""
    clients = [httpx.Client(base_url=who.http.base_url, headers=who.http.headers, timeout=60) for _ in range(CLIENTS)]
    taken = []
    for number in range(SERIAL):
        started = time.perf_counter()
        work(clients[0])(number)
        taken.append(time.perf_counter() - started)
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda n: work(clients[n % CLIENTS])(n), range(SERIAL, SERIAL + TOGETHER)))
    rate = TOGETHER / (time.perf_counter() - started)
    for one in clients:
        one.close()
    return statistics.median(taken) * 1000, rate


async def bare_update(stack: Stack) -> tuple[float, float]:
    """One workflow for one client, and one for each of 16."""
    client, queue = await Client.connect(stack.temporal_address), f"bench-{uuid4().hex[:6]}"

    async def timed(work: Awaitable[Any]) -> float:
        started = time.perf_counter()
        await work
        return time.perf_counter() - started

    async with Worker(
        client, task_queue=queue, workflows=[Trivial], activities=[nothing], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        handles = [
            await client.start_workflow(Trivial.run, id=f"{queue}-{n}", task_queue=queue) for n in range(CLIENTS)
        ]
        for one in handles:
            await one.execute_update(Trivial.touch)
        serial = [await timed(handles[0].execute_update(Trivial.touch)) for _ in range(SERIAL)]

        async def many(number: int) -> None:
            for _ in range(TOGETHER // CLIENTS):
                await handles[number].execute_update(Trivial.touch)

        rate = TOGETHER / await timed(asyncio.gather(*(many(number) for number in range(CLIENTS))))
        for one in handles:
            await one.terminate()
    return statistics.median(serial) * 1000, rate


def bench_commands(stack: Stack) -> None:
    bare = asyncio.run(bare_update(stack))
    print(f"bare update              1 client {bare[0]:6.1f} ms   {CLIENTS} clients {bare[1]:6.1f} a second")
    author, reviewer = stack.person(), stack.person()
    made = [writing.ready(author, [reviewer]) for _ in range(SERIAL + TOGETHER)]
    items = [writing.with_item(author, one["id"], author.id)["id"] for one in made]
    paths = [f"/api/postmortems/{one['id']}" for one in made]
    approve, status = {"decision": "APPROVE"}, {"status": "IN_PROGRESS"}

    def submit(http: httpx.Client) -> Work:
        return lambda n: http.post(f"{paths[n]}/submit", json={}).raise_for_status()

    def review(http: httpx.Client) -> Work:
        return lambda n: http.post(f"{paths[n]}/reviews", json=approve).raise_for_status()

    def change(http: httpx.Client) -> Work:
        return lambda n: http.patch(f"/api/action-items/{items[n]}", json=status).raise_for_status()

    def create(http: httpx.Client) -> Work:
        return lambda n: http.post("/api/postmortems", json={"title": f"Down {n}"}).raise_for_status()

    report("submit", *measured(submit, author), bare)
    report("approve", *measured(review, reviewer), bare)
    report("change an action item", *measured(change, author), bare)
    report("create a postmortem", *measured(create, author), bare)


def bench_waiting(stack: Stack) -> None:
    author, reader = stack.person(), stack.person("ADMIN")
    item = writing.with_item(author, writing.draft(author)["id"], author.id)
    path, body = f"/api/action-items/{item['id']}", {"status": "IN_PROGRESS"}
    read = f"/api/postmortems/{item['postmortemId']}"
    writing.ok(reader.get(read))
    stack.kill("worker")
    with ThreadPoolExecutor(FLOOD) as pool:
        flood = [
            pool.submit(httpx.patch, f"{stack.url}{path}", json=body, headers=author.http.headers, timeout=30)
            for _ in range(FLOOD)
        ]
        taken, statuses = [], set()
        while not all(one.done() for one in flood):
            started = time.perf_counter()
            statuses.add(reader.get(read).status_code)
            taken.append((time.perf_counter() - started) * 1000)
    answers = sorted({one.result().status_code for one in flood})
    p95 = sorted(taken)[int(len(taken) * 0.95)]
    print(
        f"reads while {FLOOD} commands wait: {len(taken)}, median {statistics.median(taken):.1f} ms, p95 {p95:.1f} ms,"
        f" longest {max(taken):.1f} ms, statuses {statuses}; commands answered {answers}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        bench_commands(stack)
        bench_waiting(stack)


if __name__ == "__main__":
    main()

"""A burst of webhooks, half of them duplicates, in any order: how fast they are drained, beside bare signals.

``python -m bench.burst [COUNT]``, 10,000 by default. The rate is of all deliveries, from the first request until every
one is handled and every item says what its ticket says last; the bare rate is of signals to as many workflows, from
the first call until each has counted its own. Both are sent by as many callers at once.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.load import Ask, Connection
from bench.webhooks import drained
from integrations import registry
from integrations.ticket import TicketAction
from integrations.trackers import console
from tests.api import writing
from tests.stack import Stack, eventually, running_stack

SECRET = "bench"
ITEMS, CALLERS = 50, 16


@workflow.defn
class Counting:
    """Signals, counted: what Temporal itself costs."""

    @workflow.init
    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._seen = 0

    @workflow.run
    async def run(self, wanted: int) -> int:  # noqa: ARG002 - read in __init__
        await workflow.wait_condition(lambda: self._seen >= self._wanted)
        return self._seen

    @workflow.signal
    def tell(self, number: int) -> None:  # noqa: ARG002
        self._seen += 1


async def by_callers(jobs: Sequence[Callable[[], Awaitable[Any]]]) -> None:
    waiting = iter(jobs)

    async def caller() -> None:
        for job in waiting:
            await job()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def bare(stack: Stack, count: int) -> float:
    """Signals a second."""
    client = await Client.connect(stack.temporal_address)
    queue, each = f"bench-{uuid4().hex[:6]}", count // ITEMS
    async with Worker(client, task_queue=queue, workflows=[Counting], workflow_runner=UnsandboxedWorkflowRunner()):
        handles = [
            await client.start_workflow(Counting.run, each, id=f"{queue}-{one}", task_queue=queue)
            for one in range(ITEMS)
        ]
        started = time.perf_counter()
        await by_callers(
            [lambda n=number: handles[n % ITEMS].signal(Counting.tell, n) for number in range(each * ITEMS)]  # type: ignore[misc]
        )
        await asyncio.gather(*(one.result() for one in handles))
        return each * ITEMS / (time.perf_counter() - started)


def burst(stack: Stack, count: int) -> float:
    """Deliveries a second."""
    admin, author = stack.client(), stack.person()
    config = {"project": "BURST", "directory": str(stack.home.path / "board")}
    body = {"kind": "console", "name": "burst", "config": config, "secrets": {"webhookSecret": SECRET}}
    made = admin.post("/api/integrations", json=body).raise_for_status().json()
    postmortem = writing.draft(author)["id"]
    items = [writing.with_item(author, postmortem, author.id)["id"] for _ in range(ITEMS)]
    for one in items:
        author.post(f"/api/action-items/{one}/tickets", json={"integrationId": made["id"]}).raise_for_status()

    def linked() -> bool:
        return all(author.get(f"/api/action-items/{one}").json()["tickets"][0]["linkState"] == "ok" for one in items)

    eventually(linked, 120)
    board = registry.connect("console", config, {})
    tickets = [board.resolve(author.get(f"/api/action-items/{one}").json()["tickets"][0]["key"]) for one in items]
    start = datetime.now(UTC) + timedelta(seconds=1)
    unique = []
    for number in range(count // 2):
        ticket = tickets[number % ITEMS]
        at = start + timedelta(milliseconds=number)
        told = replace(ticket, title=f"Reworded {number}", updated_at=at)
        unique.append(console.delivery(told, TicketAction.EDITED, "jane", SECRET))
    sendings = unique * 2
    random.Random(10).shuffle(sendings)

    path = httpx.URL(made["webhookUrl"]).path
    asks = iter([Ask(path, "", "POST", raw, headers, (200, 202)) for headers, raw in sendings])

    async def caller() -> None:
        connection = await Connection.open(stack.api_port)
        for one in asks:
            await connection.ask(one)
        connection.close()

    async def send() -> float:
        begun = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        await drained(stack)
        return time.perf_counter() - begun

    seconds = asyncio.run(send())
    last = {number % ITEMS: number for number in range(count // 2)}
    for place, one in enumerate(items):
        shown = author.get(f"/api/action-items/{one}").json()
        assert shown["description"] == f"Reworded {last[place]}", shown
    return len(sendings) / seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        ours = burst(stack, count)
        signals = asyncio.run(bare(stack, count))
        print(f"{count} webhooks, half of them duplicates, over {ITEMS} tickets: {ours:.0f} a second until drained")
        print(f"bare signals to {ITEMS} workflows: {signals:.0f} a second; ratio {ours / signals:.2f} (aim 0.4)")


if __name__ == "__main__":
    main()

"""``make bench``: what our doors cost beside the barest thing that does the same, in one run, as ratios of medians.

Higher is better; 1.0 would be as fast as the bare thing. Times are of this machine, now. What
has to hold over 100,000 postmortems (``bench.large``) is told in milliseconds.
"""

import asyncio
import hashlib
import hmac
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.bare import bare_app
from bench.large import bench_large
from domain.tickets.status import TicketState
from integrations.ticket import Ticket, TicketAction
from integrations.trackers import console
from models.action_item import Ticket as TicketRow
from models.session import make_engine, make_sessions
from tests.api import writing
from tests.cli.running import free_port
from tests.stack import Stack, eventually, running_stack

READS, COMMANDS, WEBHOOKS = 200, 30, 100
SECRET = "bench"


@activity.defn
async def nothing() -> None: ...


@workflow.defn
class Trivial:
    """One update with one local activity, one signal: what Temporal itself costs."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def touch(self) -> None:
        await workflow.execute_local_activity(nothing, start_to_close_timeout=timedelta(seconds=5))

    @workflow.signal
    def tell(self, number: int) -> None: ...


def median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def timed(count: int, work: Callable[[int], Any]) -> float:
    taken = []
    for number in range(count):
        started = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - started)
    return median_ms(taken)


async def timed_async(count: int, work: Callable[[int], Awaitable[Any]]) -> float:
    taken = []
    for number in range(count):
        started = time.perf_counter()
        await work(number)
        taken.append(time.perf_counter() - started)
    return median_ms(taken)


def serve(app: Starlette, port: int) -> uvicorn.Server:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    return server


def report(what: str, ours: float, bare: float, aim: float) -> None:
    print(f"{what:<38} {ours:8.1f} ms   bare {bare:8.1f} ms   ratio {bare / ours:5.2f}   (aim {aim})")


def bench_reads(stack: Stack) -> None:
    author = stack.person("ADMIN")
    made = [writing.draft(author)["id"] for _ in range(60)]
    port = free_port()
    server = serve(bare_app(stack.database_url), port)
    headers = {"Authorization": author.http.headers["Authorization"]}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as bare:
        timed(20, lambda _: (author.get(f"/api/postmortems/{made[0]}"), bare.get(f"/one/{made[0]}")))
        ours = timed(READS, lambda n: author.get(f"/api/postmortems/{made[n % 60]}").raise_for_status())
        theirs = timed(READS, lambda n: bare.get(f"/one/{made[n % 60]}").raise_for_status())
        report("GET one postmortem", ours, theirs, 0.35)
        ours = timed(READS // 4, lambda _: author.get("/api/postmortems?limit=50").raise_for_status())
        theirs = timed(READS // 4, lambda _: bare.get("/many").raise_for_status())
        report("GET a list of 50", ours, theirs, 0.35)
    server.should_exit = True


async def trivial(stack: Stack) -> tuple[float, float]:
    client = await Client.connect(stack.temporal_address)
    queue = f"bench-{uuid4().hex[:6]}"
    async with Worker(
        client, task_queue=queue, workflows=[Trivial], activities=[nothing], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        handle = await client.start_workflow(Trivial.run, id=queue, task_queue=queue)
        await timed_async(5, lambda _: handle.execute_update(Trivial.touch))
        update = await timed_async(COMMANDS * 2, lambda _: handle.execute_update(Trivial.touch))
        signal = await timed_async(WEBHOOKS, lambda n: handle.signal(Trivial.tell, n))
        await handle.terminate()
    return update, signal


def bench_commands(stack: Stack, update: float) -> None:
    author, reviewer = stack.person(), stack.person()
    made = [writing.ready(author, [reviewer])["id"] for _ in range(COMMANDS)]
    submit = timed(COMMANDS, lambda n: author.post(f"/api/postmortems/{made[n]}/submit", json={}).raise_for_status())
    approve = {"decision": "APPROVE"}
    review = timed(
        COMMANDS, lambda n: reviewer.post(f"/api/postmortems/{made[n]}/reviews", json=approve).raise_for_status()
    )
    report("submit", submit, update, 0.7)
    report("approve", review, update, 0.7)


def bench_webhooks(stack: Stack, signal: float) -> None:
    admin = stack.client()
    path = connection(admin, "generic")["path"]

    def deliver(number: int) -> None:
        news = json.dumps(
            {"externalId": f"bench-{number}", "title": "Bench", "status": "OPEN", "startedAt": "2026-11-20T07:00:00Z"}
        ).encode()
        signature = hmac.new(SECRET.encode(), news, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-Delivery-Id": uuid4().hex}
        admin.post(path, content=news, headers=headers).raise_for_status()

    deliver(-1)
    report("webhook accepted (incident, applied)", timed(WEBHOOKS, deliver), signal, 0.5)
    path, ticket = asyncio.run(linked_ticket(stack, admin))

    def tell(number: int) -> None:
        news = replace(ticket, title=f"Reworded {number}", updated_at=datetime.now(UTC))
        headers, body = console.delivery(news, TicketAction.EDITED, "somebody", SECRET)
        assert admin.post(path, content=body, headers=headers).status_code == 202

    tell(-1)
    report("webhook accepted (ticket, signalled)", timed(WEBHOOKS, tell), signal, 0.5)


def connection(admin: httpx.Client, kind: str) -> dict[str, str]:
    body = {"kind": kind, "name": "bench", "config": {}, "secrets": {"webhookSecret": SECRET}}
    made = admin.post("/api/integrations", json=body).raise_for_status().json()
    return {"id": made["id"], "path": httpx.URL(made["webhookUrl"]).path}


async def linked_ticket(stack: Stack, admin: httpx.Client) -> tuple[str, Ticket]:
    """An action item's ticket on the console's board, and where its webhooks go."""
    made = connection(admin, "console")
    author = stack.person()
    item = writing.with_item(author, writing.draft(author)["id"], author.id)["id"]
    author.post(f"/api/action-items/{item}/tickets", json={"integrationId": made["id"]}).raise_for_status()
    eventually(lambda: author.get(f"/api/action-items/{item}").json()["tickets"][0]["linkState"] == "ok")
    engine = make_engine(stack.database_url)
    async with make_sessions(engine).begin() as session:
        row = (await session.execute(select(TicketRow).where(TicketRow.action_item_id == item))).scalar_one()
        known = {"external_id": row.external_id or "", "key": row.key or "", "url": row.url or ""}
    await engine.dispose()
    words = {"title": "Alert at 80 %", "body": "", "status": "open", "assignee": None, "author": None, "marker": None}
    return made["path"], Ticket(**known, **words, state=TicketState.OPEN, reason=None, updated_at=datetime.now(UTC))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        bench_reads(stack)
        update, signal = asyncio.run(trivial(stack))
        bench_commands(stack, update)
        bench_webhooks(stack, signal)
        bench_large(stack)


if __name__ == "__main__":
    main()

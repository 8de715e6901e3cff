"""``make bench``: what our doors cost beside the barest code that gives the same answer, in one run.

For 1 and for 16 clients: requests a second of ours and of the bare one, their ratio, the statements of a request in the
API and in the worker, and milliseconds of a processor for each request, by process. A read's bare route is
``bench.bare``; a command's is a trivial workflow's update with one local activity; a webhook's is a bare signal. Over
100,000 postmortems: ``python -m bench.large``; a burst of webhooks: ``python -m bench.burst``.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from bench.load import Ask, Connection, Processes, Taken, load
from bench.prepared import prepare_commands
from bench.statements_of import count_statements
from bench.temporal import bare_commands, bare_signals
from bench.webhooks import drained, incident_webhooks, ticket_webhooks
from tests.api.writing import SECTIONS
from tests.cli.running import ROOT, free_port
from tests.stack import Person, Stack, eventually, running_stack
from tests.watching.statement_log import log_statements

POSTMORTEMS = 500
CLIENTS = (1, 16)
READS = {1: 400, 16: 1600}
COMMANDS = {1: 60, 16: 300}
WEBHOOKS = {1: 150, 16: 600}
COUNTED = 10
"""Requests of each row whose statements are counted, at the end."""


class Table:
    """Prints each row as soon as it is known."""

    def __init__(self) -> None:
        print(f"{'':<24} {'clients':>7} {'ours/s':>8} {'ms':>7} {'bare/s':>8} {'ratio':>6}   CPU ms a request")

    def row(self, what: str, clients: int, ours: Taken, bare: Taken) -> None:
        cpu = "  ".join(f"{name} {ours.cpu[name]:.1f}" for name in ours.cpu)
        beside = " ".join(f"{name} {used:.1f}" for name, used in bare.cpu.items() if used >= 0.05)
        print(
            f"{what:<24} {clients:>7} {ours.rate:>8.0f} {ours.median:>7.1f} {bare.rate:>8.0f}"
            f" {ours.rate / bare.rate:>6.2f}   {cpu}   (bare: {beside})",
            flush=True,
        )


def token_of(person: Person) -> str:
    return person.http.headers["Authorization"].removeprefix("Bearer ")


def drafts(token: str, count: int) -> list[Ask]:
    events = [{"at": f"2026-11-20T07:{minute:02}:00Z", "event": f"Step {minute}"} for minute in range(10)]
    bodies = (json.dumps({"title": f"Checkout failed {one}", **SECTIONS, "timeline": events}) for one in range(count))
    return [Ask("/api/postmortems", token, "POST", one.encode()) for one in bodies]


def start_bare(stack: Stack) -> tuple[int, "subprocess.Popen[bytes]"]:
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), stack.database_url, stack.url]
    process = subprocess.Popen(command, cwd=ROOT)
    eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/api/postmortems/none").status_code == 401, 30)
    return port, process


async def compare_answers(stack: Stack, bare: int, reads: Sequence[Ask]) -> None:
    for one in reads:
        sizes = []
        for port in (stack.api_port, bare):
            connection = await Connection.open(port)
            sizes.append(len(await connection.ask(one)))
            connection.close()
        print(f"{one.path}: our answer has {sizes[0]} bytes, the bare one {sizes[1]}")


async def bench(stack: Stack) -> None:
    author, reviewer = stack.person("ADMIN"), stack.person()
    token, port = token_of(author), stack.api_port
    bare_port, bare_process = start_bare(stack)
    pids = {name: stack.process(name).pid for name in ("api", "worker", "postgres", "temporal")}  # type: ignore[arg-type]
    ours = Processes(pids | {"load": os.getpid()})
    bare = Processes({"api": bare_process.pid, "postgres": pids["postgres"], "load": os.getpid()})
    table = Table()
    try:
        await load(port, drafts(token, 20), 4, ours)  # warms up

        async def command_row(what: str, clients: int, asks: Sequence[Ask]) -> None:
            """The bare one just before: the speed of a shared machine changes within minutes."""
            beside = await bare_commands(stack, COMMANDS[clients], clients, ours)
            table.row(what, clients, await load(port, asks, clients, ours), beside)

        for clients in CLIENTS:
            count = POSTMORTEMS // 5 if clients == 1 else POSTMORTEMS - POSTMORTEMS // 5
            await command_row("create", clients, drafts(token, count))
        page = await _json(port, Ask("/api/postmortems?limit=200", token))
        ids = [one["id"] for one in page["items"]]
        reads = {
            "get one": [Ask(f"/api/postmortems/{one}", token) for one in ids],
            "list 50": [Ask("/api/postmortems?limit=50", token)],
        }
        await compare_answers(stack, bare_port, [asks[0] for asks in reads.values()])
        for what, asks in reads.items():
            for clients in CLIENTS:
                wanted = (asks * READS[clients])[: READS[clients] // (1 if what == "get one" else 4)]
                await load(bare_port, wanted[:50], clients, bare)
                beside = await load(bare_port, wanted, clients, bare)
                table.row(what, clients, await load(port, wanted, clients, ours), beside)
        with ThreadPoolExecutor(8) as pool:
            commands = prepare_commands(pool, author, reviewer, sum(COMMANDS.values()) + COUNTED)
        await ours.become_quiet()
        for what, asks in commands.items():
            done = 0
            for clients in CLIENTS:
                await command_row(what, clients, asks[done : done + COMMANDS[clients]])
                done += COMMANDS[clients]
        count = sum(WEBHOOKS.values()) + COUNTED
        hooks = {
            "tracker webhook": await ticket_webhooks(stack, count),
            "incident webhook": incident_webhooks(stack, count),
        }
        await ours.become_quiet()
        for what, asks in hooks.items():
            done = 0
            for clients in CLIENTS:
                wanted = asks[done : done + WEBHOOKS[clients]]
                done += WEBHOOKS[clients]
                beside = await bare_signals(stack, WEBHOOKS[clients], clients, ours)
                table.row(what, clients, await load(port, wanted, clients, ours, lambda: drained(stack)), beside)
        print(f"memory after that: API {ours.memory('api'):.0f} MB, worker {ours.memory('worker'):.0f} MB")
        log_statements(stack, on=True)
        rest = {"create": drafts(token, COUNTED)} | reads | commands | hooks
        for what, asks in rest.items():
            api, worker = await count_statements(stack, port, asks[-COUNTED:])
            print(f"statements of {what}: {api:.1f} in the API, {worker:.1f} in the worker")
    finally:
        bare_process.terminate()
        bare_process.wait()


async def _json(port: int, ask: Ask) -> dict[str, list[dict[str, str]]]:
    connection = await Connection.open(port)
    found: dict[str, list[dict[str, str]]] = json.loads(await connection.ask(ask))
    connection.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        asyncio.run(bench(stack))


if __name__ == "__main__":
    main()

"""Many requests at once: each is acknowledged, and answered once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from tests.api import writing
from tests.chat.workspace import FORM, Workspace, acknowledged, message_with_buttons
from tests.stack import eventually

COMMANDS, PRESSES = 60, 20


def told(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    high = ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))]
    print(f"{name}: p50 {median(ordered) * 1000:.0f} ms, p99 {high * 1000:.0f} ms of {len(ordered)}")  # noqa: T201


def test_a_burst_is_acknowledged_and_answered(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.draft(jane)
    items = [writing.with_item(jane, made["id"], bob.id)["id"] for _ in range(PRESSES)]
    workspace.says("bob", "help")
    requests = [workspace.command_form("bob", "mine") for _ in range(COMMANDS)]
    pressing = [workspace.pressing("bob", "START", one, message_with_buttons(one, "START")) for one in items]
    addresses = [one[1] for one in requests] + [one[1] for one in pressing]
    waits: list[float] = []
    lock = threading.Lock()

    def send(number: int) -> None:
        began = time.perf_counter()
        if number < COMMANDS:
            answer = workspace.send(requests[number][0], FORM)
        else:
            answer = workspace.interact(pressing[number - COMMANDS][0])
        with lock:
            waits.append(time.perf_counter() - began)
        acknowledged(answer)

    began = time.perf_counter()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(send, range(COMMANDS + PRESSES)))
    eventually(lambda: all(workspace.peer.answered(one) for one in addresses), seconds=120)
    print(f"\n{len(addresses)} requests, 20 at a time, all done after {time.perf_counter() - began:.1f} s")  # noqa: T201
    told("acknowledged", waits)
    assert all(len(workspace.peer.answered(one)) == 1 for one in addresses)
    single: list[float] = []
    for _ in range(20):
        raw, address = workspace.command_form("bob", "help")
        began = time.perf_counter()
        acknowledged(workspace.send(raw, FORM))
        single.append(time.perf_counter() - began)
        workspace.answer(address)
    told("one at a time, acknowledged", single)

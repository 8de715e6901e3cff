"""``python -m bench.waiting``: how long another person's reads take while 80 commands wait for a worker."""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.api import writing
from tests.stack import Stack, running_stack

FLOOD = 80


def measure(stack: Stack) -> None:
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
        measure(stack)


if __name__ == "__main__":
    main()

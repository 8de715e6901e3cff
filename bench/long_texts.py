"""``python -m bench.long_texts``: how long ``/healthz`` takes while pages with the longest texts are drawn."""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.api.writing import draft, ok
from tests.pages.visiting import visitor
from tests.stack import NO_TLS, Stack, running_stack

COMMENT = "- a\n" * 5000
SECTION = "- a\n" * 50_000
SECTIONS = ("summary", "impact", "rootCause", "resolution", "lessonsLearned", "contributingFactors", "detection")


@contextmanager
def asking(stack: Stack, times: list[float]) -> Iterator[None]:
    """Asks ``/healthz`` all the time, in a thread."""
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=stack.url, timeout=60, verify=NO_TLS) as client:
            while not done.is_set():
                started = time.perf_counter()
                client.get("/healthz").raise_for_status()
                times.append(1000 * (time.perf_counter() - started))
                time.sleep(0.01)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def measure(stack: Stack, name: str, path: str) -> None:
    page = visitor(stack)
    for turn in ("first", "again"):
        times: list[float] = []
        with asking(stack, times):
            started = time.perf_counter()
            answer = page.http.get(path, timeout=120)
            seconds = time.perf_counter() - started
            left = answer.text.count("unformatted")
            time.sleep(8)
        p99 = statistics.quantiles(times, n=100)[98]
        print(
            f"{name}, {turn}: page {seconds:.2f} s, {len(answer.content):,} bytes, {left} texts plain;"
            f" /healthz {len(times)} times, p50 {statistics.median(times):.1f}, p99 {p99:.1f}, most {max(times):.1f} ms"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "home") as stack:
        admin = stack.client()
        talked = draft(stack.person(), visibility="ORGANIZATION")["id"]
        for number in range(40):
            body = {"body": f"{number}\n\n{COMMENT}"[:20_000]}
            ok(admin.post(f"/api/postmortems/{talked}/comments", json=body), 201)
        measure(stack, "40 comments of 5,000 lines", f"/postmortems/{talked}")
        long = draft(stack.person(), visibility="ORGANIZATION")["id"]
        for name in SECTIONS:
            ok(admin.put(f"/api/postmortems/{long}/sections/{name}", json={"body": f"{name}\n\n{SECTION}"[:200_000]}))
        measure(stack, "7 sections of 50,000 lines", f"/postmortems/{long}")
        measure(stack, "their editor with suggestions", f"/postmortems/{long}/edit?advice=1")
        ok(admin.put(f"/api/postmortems/{long}/sections/summary", json={"body": "- b\n\n" * 40_000}))
        measure(stack, "a history of 100,000 changed lines", f"/postmortems/{long}/history/summary")


if __name__ == "__main__":
    main()

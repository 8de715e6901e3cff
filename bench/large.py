"""``python -m bench.large``: lists, search, similar ones, and one very large postmortem, through the API.

Over 100,000 generated postmortems, by a responder who is in two teams, and may see about three of five.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench import generated
from bench.generated import word
from tests.api.writing import ok
from tests.cli.running import ROOT, free_port
from tests.stack import ADMIN_TOKEN, Stack, eventually, running_stack

COUNT = 100_000
ROUNDS = 12
DATABASE = "large"

RARE, MEDIUM, COMMON = (9001, 15013, 27011), (503, 1009, 2003), (11, 29, 97)
"""Ranks: in 0.1 to 0.3 %, in 1 to 6 %, and in 25 to 90 % of all postmortems."""


def searches() -> list[tuple[str, str]]:
    """What is looked for, by kind: nine single words, and seven pairs."""
    kinds = {"rare": RARE, "medium": MEDIUM, "common": COMMON}
    single = [(kind, word(rank)) for kind, ranks in kinds.items() for rank in ranks]
    pairs = [
        (f"{one} + {other}", f"{word(kinds[one][number])} {word(kinds[other][2 - number])}")
        for one, other in (("common", "common"), ("common", "medium"), ("common", "rare"), ("medium", "medium"))
        for number in (0, 1)
        if kinds[one][number] != kinds[other][2 - number]
    ]
    return [*single, *pairs]


@contextmanager
def api(stack: Stack, count: int = COUNT) -> Iterator[str]:
    """A second API, over a database of its own that is then filled with so many postmortems; its address."""
    assert stack.postgres is not None
    stack.postgres.create_database(DATABASE)
    database_url, port = stack.postgres.url(DATABASE), free_port()
    env = stack.environment() | {"AFTERWORD_DATABASE_URL": database_url, "AFTERWORD_PORT": str(port)}
    for command in ("migrate", "seed"):
        subprocess.run([sys.executable, "-m", "cli.main", command], cwd=ROOT, env=env, check=True, capture_output=True)
    started = time.perf_counter()
    asyncio.run(generated.fill(database_url, count))
    print(f"{count} postmortems generated in {time.perf_counter() - started:.0f} s")
    with (stack.home.path / "large.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "cli.main", "api"], cwd=ROOT, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: httpx.get(f"{url}/healthz").status_code == 200, 40)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def milliseconds(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def report(what: str, taken: list[float], aim: float) -> None:
    nearly_all = statistics.quantiles(taken, n=20)[-1]
    print(f"{what:<38} median {statistics.median(taken):7.1f} ms   p95 {nearly_all:7.1f} ms   (aim {aim:.0f} ms)")


def viewer(url: str, person_id: str) -> httpx.Client:
    admin = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=60)
    body = {"name": "bench", "userId": person_id, "scopes": ["read", "write"]}
    token = ok(admin.post("/api/tokens", json=body), 201)["token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def bench_large(stack: Stack) -> None:
    with api(stack) as url, viewer(url, "user_g5") as person:

        def get(path: str, **params: Any) -> Callable[[], Any]:
            return lambda: person.get(path, params=params).raise_for_status()

        for _ in range(5):
            get("/api/postmortems")()
        report("list 50 of 100,000", [milliseconds(get("/api/postmortems", limit=50)) for _ in range(60)], 15)
        _bench_search(get)
        made = ok(person.get("/api/postmortems", params={"limit": 30}))["items"]
        report("similar", [milliseconds(get(f"/api/postmortems/{one['id']}/similar")) for one in made], 60)
        _bench_open(person, get)


def _bench_search(get: Callable[..., Callable[[], Any]]) -> None:
    taken: dict[str, list[float]] = {}
    listed: list[float] = []
    for _ in range(ROUNDS):
        for kind, q in searches():
            taken.setdefault(kind, []).append(milliseconds(get("/api/search", q=q)))
            listed.append(milliseconds(get("/api/postmortems", q=q, limit=50)))
    report("search, all of the mix", [one for some in taken.values() for one in some], 25)
    for kind, some in taken.items():
        report(f"  {kind}", some, 25)
    report("list 50 with q, the same mix", listed, 25)
    phrases = [f'"{word(one)} {word(other)}"' for one in COMMON for other in COMMON if one != other]
    report("a phrase of common words", [milliseconds(get("/api/search", q=one)) for one in phrases * 3], 200)


def _bench_open(person: httpx.Client, get: Callable[..., Callable[[], Any]]) -> None:
    """200 kB of text in its sections, 500 events, 300 comments."""
    text = " ".join(word(1 + (number * number) % 5000) for number in range(3200))[:25_000]
    text_fields = ("summary", "impact", "rootCause", "resolution", "lessonsLearned", "contributingFactors")
    body = dict.fromkeys((*text_fields, "detection", "response"), text)
    pm = ok(person.post("/api/postmortems", json={"title": "Large", **body}), 201)["id"]
    events = [{"at": "2026-01-01T10:00:00Z", "event": text[n * 40 : n * 40 + 120]} for n in range(500)]
    ok(person.post(f"/api/postmortems/{pm}/timeline", json={"items": events}), 201)
    comments = [
        milliseconds(
            lambda n=n: person.post(
                f"/api/postmortems/{pm}/comments", json={"body": text[n * 50 : n * 50 + 200]}
            ).raise_for_status()
        )
        for n in range(300)
    ]
    for path in ("", "/comments?limit=200", "/timeline?limit=200"):
        name = f"open a 200 kB postmortem{path.split('?')[0]}"
        report(name, [milliseconds(get(f"/api/postmortems/{pm}{path}")) for _ in range(40)], 100)
    report("comment on it", comments, 100)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        bench_large(stack)


if __name__ == "__main__":
    main()

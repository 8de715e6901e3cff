"""``python -m bench.live``: rates of commands and saves with and without telling what changed, in one run.

``python -m bench.live quiet api`` is the API that tells nothing; the worker likewise. The two take turns, three times
each.
"""

import asyncio
import json
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.load import Ask, Processes, load
from cli.main import main as afterword
from runtime.embedded.home import Home
from runtime.live import LiveChannel
from tests.api import writing
from tests.api.live.following import following
from tests.stack import Person, Stack

TURNS = 3
CLIENTS = 16
ITEMS, SAVES = 240, 480
LISTENERS = 10


@dataclass(slots=True)
class Turns(Stack):
    is_quiet: bool = False

    def _command(self, command: str) -> list[str]:
        if self.is_quiet and command in {"api", "worker"}:
            return [sys.executable, "-m", "bench.live", "quiet", command]
        return Stack._command(self, command)  # noqa: SLF001 - super() knows no class that slots made anew

    def take_turn(self, *, is_quiet: bool) -> None:
        self.is_quiet = is_quiet
        for name in ("api", "worker"):
            self.kill(name)
            self.revive(name)
        self.wait_until_ready()


def token_of(person: Person) -> str:
    return person.http.headers["Authorization"].removeprefix("Bearer ")


def measure(stack: Turns) -> None:
    author = stack.person("ADMIN")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: writing.draft(author)["id"], range(40)))
        items = list(pool.map(lambda n: writing.with_item(author, made[n % 40], author.id)["id"], range(ITEMS)))
    token = token_of(author)
    found: dict[tuple[str, bool], list[float]] = {}
    for turn in range(2 * TURNS):
        is_quiet = bool(turn % 2)
        stack.take_turn(is_quiet=is_quiet)
        processes = Processes({})
        with ExitStack() as held:
            for _ in range(LISTENERS):
                held.enter_context(following(author.http))
            asks = {
                "update an action item": [
                    Ask(f"/api/action-items/{one}", token, "PATCH", json.dumps({"details": f"{turn}"}).encode())
                    for one in items
                ],
                "save a section": [
                    Ask(
                        f"/api/postmortems/{made[n % 40]}",
                        token,
                        "PATCH",
                        json.dumps({"impact": f"{turn} {n}"}).encode(),
                        expected=(200, 503),
                    )
                    for n in range(SAVES)
                ],
            }
            for what, wanted in asks.items():
                asyncio.run(load(stack.api_port, wanted[:20], 4, processes))
                taken = asyncio.run(load(stack.api_port, wanted, CLIENTS, processes))
                found.setdefault((what, is_quiet), []).append(taken.rate)
                print(f"{what}, {'telling nothing' if is_quiet else 'telling'}: {taken.rate:.0f} a second", flush=True)
    for what in asks:
        told, quiet = (statistics.median(found[what, one]) for one in (False, True))
        print(f"{what}: {told:.0f} a second, {quiet:.0f} without telling: {told / quiet:.2f}")


def main() -> None:
    if sys.argv[1:2] == ["quiet"]:
        LiveChannel.put = lambda *_: None  # type: ignore[method-assign]
        sys.argv = ["afterword", *sys.argv[2:]]
        afterword()
        return
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, Home.claim(Path(folder) / "home") as home:
        stack = Turns(home)
        try:
            stack.start_all()
            measure(stack)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()

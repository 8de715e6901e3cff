"""How many statements a request takes, as PostgreSQL itself logs them: those of the API, and those of the worker less
what it asks while nobody asks it."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable

from bench.load import Ask, Connection
from tests.stack import Stack

LINE = re.compile(r"^afterword (api|worker)\|LOG:  (?:statement|execute [^:]*): (\w+)", re.MULTILINE)
FRAMES = {"BEGIN", "COMMIT", "ROLLBACK"}
IDLE = 4.0
"""Seconds: two rounds of every background job that runs often."""
REST = 1.5
"""Seconds until the worker has done what requests left to it."""


def log_statements(stack: Stack, *, on: bool) -> None:
    assert stack.postgres is not None
    for setting in (f"log_statement = '{'all' if on else 'none'}'", "log_line_prefix = '%a|'"):
        stack.postgres.ask("psql", "-d", "postgres", "-qc", f"alter system set {setting}")
    stack.postgres.ask("psql", "-d", "postgres", "-qc", "select pg_reload_conf()")


def _logged(stack: Stack, since: int) -> Counter[str]:
    found = LINE.findall(stack.log("postgres")[since:])
    return Counter(part for part, word in found if word.upper() not in FRAMES)


async def count_statements(stack: Stack, port: int, asks: Iterable[Ask]) -> tuple[float, float]:
    """Those of the API and of the worker, for each request."""
    since = len(stack.log("postgres"))
    await asyncio.sleep(IDLE)
    idle = _logged(stack, since)["worker"] / IDLE
    since, began = len(stack.log("postgres")), asyncio.get_running_loop().time()
    connection, count = await Connection.open(port), 0
    for one in asks:
        await connection.ask(one)
        count += 1
    connection.close()
    await asyncio.sleep(REST)
    seconds = asyncio.get_running_loop().time() - began
    found = _logged(stack, since)
    return found["api"] / count, max(0.0, found["worker"] - idle * seconds) / count

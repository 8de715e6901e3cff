"""How many statements a request takes, as PostgreSQL itself logs them: those of the API, and those of the worker less
what it asks while nobody asks it."""

import asyncio
from collections import Counter
from collections.abc import Iterable

from bench.load import Ask, Connection
from tests.stack import Stack
from tests.watching.statement_log import FRAMES, LINE

IDLE = 4.0
"""Seconds: two rounds of every background job that runs often."""
REST = 1.5
"""Seconds until the worker has done what requests left to it."""


def _logged(stack: Stack, since: int) -> Counter[str]:
    found = LINE.findall(stack.log("postgres")[since:])
    return Counter(part.removeprefix("afterword ") for part, _, text in found if not text.upper().startswith(FRAMES))


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

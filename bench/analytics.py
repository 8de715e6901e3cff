"""``python -m bench.analytics``: reports over 100,000 generated postmortems, through the API and as bare statements.

The last twelve months that the generated ones reach, by month, with the twelve months before beside; and all of it by
year. By a responder in two teams, who may see about three of five, and by an administrator. The bare route runs the
same statements through asyncpg alone, so that the ratio says what the API adds.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bench.large import DATABASE, api, milliseconds, viewer
from domain.access import Role, Viewer
from domain.analytics.periods import Period, calendar
from models.queries.analytics.action_items import count_items
from models.queries.analytics.counting import CountFilters, planned_for_counting
from models.queries.analytics.postmortems import count_postmortems
from models.queries.analytics.process import count_process
from models.session import make_engine, make_sessions
from tests.stack import ADMIN_TOKEN, Stack, running_stack

NOW = datetime(2025, 8, 1, tzinfo=UTC)
ROUNDS = 25
SPANS = {
    "12 months by month": {"from": "2024-08-01", "to": "2025-07-31", "period": "month"},
    "all of it by year": {"from": "2018-01-01", "to": "2025-07-31", "period": "year"},
}
PEOPLE = {"responder": ("user_g5", Role.RESPONDER, ("team_g5", "team_g35")), "administrator": ("", Role.ADMIN, ())}


async def bare(
    url: str, who: Viewer, asked: dict[str, str], counts: tuple[Callable[..., Awaitable[Any]], ...]
) -> float:
    """The median of the statements alone, in milliseconds."""
    engine = make_engine(url)
    days = (datetime.fromisoformat(asked[name]).date() for name in ("from", "to"))
    span = calendar(*days, Period(asked["period"]), "UTC", NOW)
    taken = []
    for _ in range(ROUNDS):
        async with make_sessions(engine)() as session, planned_for_counting(session):
            started = time.perf_counter()
            for count in counts:
                await count(session, who, CountFilters(), span, NOW)
            taken.append((time.perf_counter() - started) * 1000)
    await engine.dispose()
    return statistics.median(taken)


def bench_analytics(stack: Stack) -> None:
    assert stack.postgres is not None
    database_url = stack.postgres.url(DATABASE)
    print(f"{'':<46} {'ours ms':>9} {'p95':>7} {'bare ms':>9} {'ratio':>6}")
    with api(stack) as url:
        for name, (person_id, role, teams) in PEOPLE.items():
            client = viewer(url, person_id) if person_id else _administrator(url)
            who = Viewer(person_id or "user_admin", role, frozenset(teams))
            for span, asked in SPANS.items():
                for path, counts in (
                    ("/api/analytics", (count_postmortems, count_items)),
                    ("/api/analytics/process", (count_process,)),
                ):
                    taken = [milliseconds(lambda: _get(client, path, asked)) for _ in range(ROUNDS)]  # noqa: B023
                    alone = asyncio.run(bare(database_url, who, asked, counts))
                    ours, nearly_all = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
                    what = f"{path.removeprefix('/api/')}, {span}, {name}"
                    print(f"{what:<46} {ours:>9.0f} {nearly_all:>7.0f} {alone:>9.0f} {alone / ours:>6.2f}", flush=True)


def _get(client: httpx.Client, path: str, asked: dict[str, str]) -> None:
    client.get(path, params=asked | {"timeZone": "UTC"}).raise_for_status()


def _administrator(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=60)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        bench_analytics(stack)


if __name__ == "__main__":
    main()
